"""What an attempt takes with it through the gate: which turn of which lead it is, and why it was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A lead's place in the queue. `turn` fences: only the lead's newest turn may dial.

    `number` is the one of ours that the attempt will first try.
    """

    lead: str
    turn: int
    campaign: str
    number: str
    due_at: datetime | None = None

    @property
    def workflow(self) -> str:
        """The name of the one workflow that this turn may have."""
        return f"{self.lead}:{self.turn}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How fast a campaign's queue goes; None: no limit of its own. `per_number` is the most of one number of ours."""

    campaign: str
    channels: int | None
    per_second: float | None
    per_number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a lead is not dialled now. Exactly one of the others says what becomes of it.

    `wait`: asked again after so many seconds, in its turn. `until`: a new turn then. `ends`: the status in
    which the lead ends, with `outcome`. `parks`: it waits for its campaign to go on. `pauses`: its whole
    campaign is paused, with this reason. `gone`: somebody else has this lead.
    """

    reason: str
    wait: float | None = None
    until: datetime | None = None
    ends: str | None = None
    outcome: str | None = None
    parks: bool = False
    pauses: bool = False
    gone: bool = False


@dataclass(slots=True)
class Ticket:
    """One try to dial; the gate leaves its refusal on it."""

    turn: Turn
    refusal: Refusal | None = None


_TICKET: ContextVar[Ticket | None] = ContextVar("ticket", default=None)


@contextmanager
def ticketed(turn: Turn) -> Iterator[Ticket]:
    """Let what is dialled in here count as an attempt of that turn."""
    ticket = Ticket(turn)
    token = _TICKET.set(ticket)
    try:
        yield ticket
    finally:
        _TICKET.reset(token)


def held() -> Ticket | None:
    """The ticket of the call that is being dialled; None where no campaign dials it."""
    return _TICKET.get()
