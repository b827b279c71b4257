"""Whether a media socket comes through the public URL, and sound comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from linecard.doctor.asking import FRAMES, Echoed
from linecard.doctor.comparing import differences
from linecard.doctor.findings import Finding, Outcome, failed, ok, unknown, warning
from linecard.doctor.patient import Patient
from linecard.doctor.round_trip import NOBODY, each_account, lost

SLOW_MS = 150.0
"""ITU-T G.114: above 150 ms one way a conversation suffers; this is what the net alone takes of it."""
SWITCHED = 101
UPGRADE = (
    "let the proxy pass Upgrade and Connection on for /ws/ (docs/operating.md has nginx and Caddy)"
)
FORBIDDEN = 403


async def sockets(patient: Patient) -> list[Finding]:
    """The upgrade to a WebSocket, with the carrier's own handshake."""
    return each_account(patient, patient.echoed, _upgraded)


async def codecs(patient: Patient) -> list[Finding]:
    """Frames of the line's codec, sent as the carrier sends them, and their echo."""
    return each_account(patient, patient.echoed, _echo)


def _upgraded(patient: Patient, echoed: Echoed | None) -> Iterator[Finding]:
    if echoed is None:
        yield NOBODY
    elif echoed.status is None:
        yield lost(patient, None, echoed.trouble, "")
    elif echoed.status != SWITCHED:
        yield _refused(echoed.status)
    elif echoed.arrival is None:
        yield failed(
            f"it opens, and nothing comes through: {echoed.trouble}",
            "let the proxy pass messages on at once, without buffering",
        )
    else:
        yield from _opened(patient, echoed)


def _refused(status: int) -> Finding:
    if status == FORBIDDEN:
        return failed(
            "the handshake is refused with 403, and not by a server with this LINECARD_SECRET",
            "run the doctor with the settings of the server that stands there",
        )
    return failed(f"the upgrade to a WebSocket is answered with {status}", UPGRADE)


def _opened(patient: Patient, echoed: Echoed) -> Iterator[Finding]:
    arrival = echoed.arrival
    if arrival is None:
        return
    changed = differences(echoed.sent, arrival, patient.settings.public_url)
    yield from changed
    if echoed.compressed:
        yield warning(
            "the proxy has agreed on compression, which costs time and brings nothing",
            "switch permessage-deflate off in the proxy",
        )
    if arrival.proof is None and not any(one.outcome is Outcome.FAILED for one in changed):
        yield failed(
            f"its handshake is not believed: {arrival.refusal}",
            f"set LINECARD_PUBLIC_URL to {arrival.fits}"
            if arrival.fits
            else "restart the server with the credentials that stand here",
        )
    elif not changed and not echoed.compressed:
        yield ok(f"opens with its path untouched and is believed ({arrival.proof})")


def _echo(_patient: Patient, echoed: Echoed | None) -> Iterator[Finding]:
    if echoed is None:
        yield NOBODY
    elif echoed.arrival is None:
        yield unknown("no media socket came through")
    elif echoed.changed:
        yield failed(
            f"{echoed.changed} of {len(echoed.trips)} frames of {_codec(echoed)} came back changed",
            "something between the public URL and the server writes messages anew; take it away",
        )
    elif echoed.returned < FRAMES:
        yield failed(
            f"only {echoed.returned} of {FRAMES} frames came back: {echoed.trouble}",
            "let the proxy pass messages on at once, without buffering, and hold sockets open for an hour",
        )
    else:
        yield _timed(echoed)


def _timed(echoed: Echoed) -> Finding:
    usual, longest = median(echoed.trips), max(echoed.trips)
    says = (
        f"{FRAMES} frames of {_codec(echoed)} came back sample for sample; round trip {usual:.0f} ms, "
        f"at most {longest:.0f}"
    )
    if usual > SLOW_MS:
        return warning(says, "bring the server nearer, or find out what is slow before it")
    return ok(says)


def _codec(echoed: Echoed) -> str:
    return str(echoed.profile.format.inbound)
