"""Whether a carrier's signed request comes through the public URL untouched, and is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from linecard.doctor.asking import Answered
from linecard.doctor.comparing import differences
from linecard.doctor.findings import Finding, Outcome, failed, ok, unknown, warning
from linecard.doctor.patient import Patient

Seen = TypeVar("Seen")

SLOW_SECONDS = 1.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GATEWAY = frozenset({502, 503, 504})
NOBODY = unknown(
    "the provider's simulator cannot make its carrier's requests",
    "call a number to see whether it works",
)
NO_ACCOUNT = unknown(
    "no account is configured", "set an account's credentials; docs/settings.md lists them"
)


async def webhooks(patient: Patient) -> list[Finding]:
    """A request as each account's carrier signs it, through the public URL and back."""
    return each_account(patient, patient.answered, _of_account)


def each_account(
    patient: Patient,
    seen: Mapping[tuple[str, str], Seen],
    look: Callable[[Patient, Seen | None], Iterable[Finding]],
) -> list[Finding]:
    """What there is to say of what was seen of each account; None where its carrier had nobody to stand in."""
    found = [
        one.of(about)
        for about, account, _ in patient.accounts()
        for one in look(patient, seen.get((account.provider, account.name)))
    ]
    return found or [NO_ACCOUNT]


def _of_account(patient: Patient, answered: Answered | None) -> Iterator[Finding]:
    if answered is None:
        yield NOBODY
    elif answered.arrival is None:
        yield lost(patient, answered.status, answered.trouble, answered.headers.get("location", ""))
    else:
        yield from _arrived(patient, answered)


def lost(patient: Patient, status: int | None, trouble: str, location: str) -> Finding:
    """Why a request has not come to the server."""
    url = patient.settings.public_url
    if status is None:
        return failed(
            f"nothing answers at {url}: {trouble}",
            "start 'linecard serve', and let the proxy or tunnel lead there",
        )
    if status in REDIRECTS:
        return failed(
            f"{url} redirects to {location or 'another place'}; carriers do not follow",
            "set LINECARD_PUBLIC_URL to where it leads, or take the redirect away",
        )
    if status in GATEWAY:
        return failed(
            f"the proxy answers {status}: it does not reach the server",
            "start 'linecard serve', and check the address that the proxy passes requests on to",
        )
    return failed(
        f"{url} answers {status}, and not as a server with this LINECARD_SECRET does",
        "run the doctor with the settings of the server that stands there; or something in between "
        "answers by itself",
    )


def _arrived(patient: Patient, answered: Answered) -> Iterator[Finding]:
    arrival = answered.arrival
    if arrival is None:
        return
    public_url = patient.settings.public_url
    if arrival.public_url != public_url:
        yield failed(
            f"the server there runs with LINECARD_PUBLIC_URL={arrival.public_url}, not {public_url}",
            "set the same for both, and restart the server",
        )
        return
    changed = differences(answered.sent, arrival, public_url)
    yield from changed
    if arrival.proof is None:
        if not any(one.outcome is Outcome.FAILED for one in changed):
            yield _disbelieved(arrival.refusal, arrival.fits)
        return
    if answered.seconds > SLOW_SECONDS:
        yield warning(
            f"an answer takes {answered.seconds:.1f} s: callers hear silence for so long",
            "find out what is slow between the public URL and the server",
        )
    if not changed:
        taken = round(answered.seconds * 1000)
        yield ok(f"arrives untouched and is believed ({arrival.proof}), {taken} ms")


def _disbelieved(refusal: str, fits: str | None) -> Finding:
    if fits:
        return failed(
            f"it is not believed; its signature fits {fits}", f"set LINECARD_PUBLIC_URL to {fits}"
        )
    return failed(
        f"it is not believed: {refusal}",
        "the server there has other credentials than stand here; restart it with these",
    )
