"""Everything that is on record of one call, and the questions that several rules ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.numbers import Number
from linecard.store.inbox import Entry
from linecard.store.notifications import NotificationState
from linecard.store.outbox import Job
from linecard.store.recordings import Recording
from linecard.store.timeline import Line
from linecard.store.transfers import Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLER = "caller"
ENDED = "leg-ended"
STREAM_STARTED = "stream-started"
STREAM_ENDED = "stream-ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The facts. `lines` are the timeline as it was written, `inbox` what the carrier said, oldest first.

    `repeats` counts what the carrier told again, by the fact's name, since the server started; `told`
    counts the call's notifications by their state. `number` is the registered number as it stands now,
    None where it is registered no more. `cost` is the sum of all legs in US dollars; `at_risk_seconds`
    as the API tells it. `advice` is the carrier's: what to do about a code of its own; `public_url`
    where carriers have to reach us.
    """

    call: Call
    lines: tuple[Line, ...] = ()
    inbox: tuple[Entry, ...] = ()
    recordings: tuple[Recording, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    jobs: tuple[Job, ...] = ()
    repeats: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[NotificationState, int] = field(default_factory=dict)
    number: Number | None = None
    cost: str | None = None
    at_risk_seconds: int | None = None
    advice: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""

    def named(self, *names: str) -> list[Line]:
        """The lines of these names, in their order."""
        return [line for line in self.lines if line.name in names]

    def first(self, *names: str) -> Line | None:
        """The first line of any of these names."""
        return next(iter(self.named(*names)), None)

    def has(self, name: str) -> bool:
        """Whether there is a line of that name."""
        return self.first(name) is not None

    @property
    def ends(self) -> list[Line]:
        """The ends of the call's own leg that were reported, the one that counts first."""
        return [line for line in self.named(ENDED) if leg_of(line) == CALLER]

    @property
    def ended_by_entry(self) -> Entry | None:
        """The end that counts as the inbox has it."""
        return next((one for one in self.inbox if _is_end(one)), None)

    @property
    def codes(self) -> Iterator[str]:
        """The carrier's codes of every leg's end, each once, in their order."""
        codes = (str(line.facts["code"]) for line in self.named(ENDED) if line.facts.get("code"))
        return iter(dict.fromkeys(codes))


def leg_of(line: Line) -> str:
    """The leg that a line is about."""
    return str(line.facts.get("leg") or CALLER)


def _is_end(entry: Entry) -> bool:
    return entry.payload.get("event") == ENDED and entry.payload.get("leg") == CALLER


def number_of(value: object) -> int:
    """A count as a record keeps it; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """How long something took; None where one of the two is not known."""
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())
