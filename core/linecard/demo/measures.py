"""Times that the page shows, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from linecard.demo.evidence import Evidence
from linecard.demo.hearing import RATE, first_sound
from linecard.demo.report import Measure
from linecard.demo.sound_checks import barge_in_ms, echo_ms
from linecard.demo.story import Mark
from linecard.simulator.ledger import What
from linecard.webhook import Kind

Take = Callable[[Evidence], float | None]


@dataclass(frozen=True, slots=True)
class Timed:
    """A time to take; `note` says from what to what. `scaled`: it is on the call's own clock."""

    name: str
    note: str
    take: Take
    scaled: bool = True


def take(timed: Iterable[Timed], evidence: Evidence) -> list[Measure]:
    """The times that could be taken."""
    taken = [(one, one.take(evidence)) for one in timed]
    return [
        Measure(one.name, ms, one.note + _at_speed(one, evidence))
        for one, ms in taken
        if ms is not None
    ]


def _at_speed(timed: Timed, evidence: Evidence) -> str:
    fast = timed.scaled and evidence.speed != 1
    return f" (at {evidence.speed:g} × real time)" if fast else ""


def _webhook_ms(kind: Kind) -> Take:
    def answered(evidence: Evidence) -> float | None:
        found = evidence.webhooks(kind)
        return float(str(found[0].facts["ms"])) if found else None

    return answered


def _slowest(evidence: Evidence) -> float | None:
    return max(
        (float(str(entry.facts["ms"])) for _, entry in evidence.entries(What.WEBHOOK)), default=None
    )


def _until(first: What, then: What) -> Take:
    def between(evidence: Evidence) -> float | None:
        start, end = evidence.at(first), evidence.at(then)
        return None if start is None or end is None else max(0.0, end - start) * 1000

    return between


def _first_sound(evidence: Evidence) -> float | None:
    """Counted in samples from the opening of the socket, at which the carrier notes its own count."""
    opened, answered = evidence.entries(What.STREAM_OPENED), evidence.at(What.ANSWERED)
    if not opened or answered is None or evidence.phone is None:
        return None
    at, entry = opened[0]
    start = int(str(entry.facts.get("at", 0)))
    place = first_sound(evidence.phone.heard, start)
    return None if place is None else (at - answered + (place - start) / RATE) * 1000


def _noticed(evidence: Evidence) -> float | None:
    """The agent's log against the customer's first sample at the phone."""
    marks = [mark.at for mark in evidence.scene.story.marks if mark.kind is Mark.BARGE_IN]
    answered = evidence.at(What.ANSWERED)
    begins = first_sound(evidence.phone.said) if evidence.phone else None
    if not marks or answered is None or begins is None:
        return None
    return (marks[0] - answered - begins / RATE) * 1000


ANSWER = Timed(
    "answer webhook", "the request in … the document out", _webhook_ms(Kind.ANSWER), False
)
SLOWEST = Timed("slowest webhook", "of all webhooks of the call", _slowest, False)
OPENED = Timed(
    "answer to media socket",
    "the phone is answered … the socket is open",
    _until(What.ANSWERED, What.STREAM_OPENED),
)
FIRST = Timed("first audio", "the phone is answered … the agent is heard", _first_sound)

OUTBOUND: tuple[Timed, ...] = (
    ANSWER,
    SLOWEST,
    OPENED,
    FIRST,
    Timed(
        "the agent notices",
        "the customer's first sample … three loud frames at the agent",
        _noticed,
    ),
    Timed(
        "barge-in to silence",
        "the customer's first sample … the agent's last, at the phone",
        barge_in_ms,
    ),
    Timed(
        "recording",
        "the phone is answered … the carrier records",
        _until(What.ANSWERED, What.RECORDING_STARTED),
    ),
)
INBOUND: tuple[Timed, ...] = (
    ANSWER,
    SLOWEST,
    OPENED,
    FIRST,
    Timed("mouth to ear", "the caller's word … the agent's echo of it, at the phone", echo_ms),
)
