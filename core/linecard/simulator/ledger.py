"""The truth of what happened at a simulated carrier. Only the carrier writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from linecard.clock import Clock
from linecard.simulator.handset import plain


class What(StrEnum):
    """What an entry tells."""

    QUEUED = "queued"
    DIALLED = "dialled"
    CALLED_IN = "called in"
    RINGING = "ringing"
    ANSWERED = "answered"
    BRIDGED = "bridged"
    JOINED = "joined a conference"
    LEFT = "left a conference"
    HUNG_UP = "hung up"
    DOCUMENT = "document"
    TRANSFER = "transfer accepted"
    STREAM_OPENED = "stream opened"
    STREAM_REFUSED = "stream refused"
    STREAM_CLOSED = "stream closed"
    STREAM_ERROR = "stream error"
    CLEARED = "buffer cleared"
    MARK_PLAYED = "mark played"
    DIGIT_PRESSED = "digit pressed"
    DIGITS_SENT = "digits sent"
    RECORDING_STARTED = "recording started"
    RECORDING_STOPPED = "recording stopped"
    RECORDING_DELETED = "recording deleted"
    MONEY = "money"
    WEBHOOK = "webhook"
    REQUEST = "request"
    FAULT = "fault"
    NOTE = "note"


LEG_BEGINS = frozenset({What.DIALLED, What.CALLED_IN})


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact. `at`: seconds of the carrier's clock since it was made; `call` None: no call's own.

    Facts of a leg name it in `leg`; the first leg of a call has the call's id.
    """

    at: float
    call: str | None
    what: What
    facts: Mapping[str, object]


Watcher = Callable[[Entry], None]


class Ledger:
    """Every entry in its order, with the questions that tests and timelines ask."""

    def __init__(self, clock: Clock) -> None:
        self.entries: list[Entry] = []
        self._clock = clock
        self._start = clock.now()
        self._watchers: list[Watcher] = []

    @property
    def began(self) -> float:
        """The moment of the carrier's clock from which its entries count."""
        return self._start

    def write(self, what: What, call: str | None = None, **facts: object) -> Entry:
        """Add an entry and tell the watchers."""
        entry = Entry(self._clock.now() - self._start, call, what, MappingProxyType(facts))
        self.entries.append(entry)
        for watcher in tuple(self._watchers):
            watcher(entry)
        return entry

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with every later entry; the result ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def all(self, what: What, call: str | None = None, **facts: object) -> tuple[Entry, ...]:
        """The entries of a kind, of one call when given, whose facts include `facts`."""
        return tuple(entry for entry in self.entries if _fits(entry, what, call, facts))

    def calls(self) -> tuple[str, ...]:
        """The ids of all calls, first come first."""
        return tuple(dict.fromkeys(e.call for e in self.entries if e.call and _is_leg(e.what)))

    def live_legs(self) -> tuple[str, ...]:
        """The legs that were dialled or came in and have not been hung up."""
        live: dict[str, None] = {}
        for entry in self.entries:
            if entry.what in LEG_BEGINS:
                live[str(entry.facts["leg"])] = None
            elif entry.what is What.HUNG_UP:
                live.pop(str(entry.facts["leg"]), None)
        return tuple(live)

    def dials(self, number: str) -> int:
        """How often a number was really dialled, as a first leg or as a target."""
        dialled = (entry for entry in self.entries if entry.what is What.DIALLED)
        return sum(plain(str(entry.facts["to"])) == plain(number) for entry in dialled)

    def money(self, call: str | None = None) -> Decimal:
        """What was charged, of one call or of all, in US dollars."""
        return _total(self.all(What.MONEY, call), "usd")

    def minutes(self, call: str | None = None) -> Decimal:
        """The minutes charged, of one call or of all."""
        return _total(self.all(What.MONEY, call), "minutes")

    async def until(
        self, what: What, call: str | None = None, *, within: float = 20.0, **facts: object
    ) -> Entry:
        """The first such entry, old or new. Raises TimeoutError after `within` real seconds."""
        found: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()

        def see(entry: Entry) -> None:
            if not found.done() and _fits(entry, what, call, facts):
                found.set_result(entry)

        for entry in self.entries:
            see(entry)
        unwatch = self.watch(see)
        try:
            return await asyncio.wait_for(found, within)
        except TimeoutError:
            raise TimeoutError(f"no {what.value!r} {facts or ''} within {within} s") from None
        finally:
            unwatch()


def _is_leg(what: What) -> bool:
    return what in LEG_BEGINS or what is What.QUEUED


def _fits(entry: Entry, what: What, call: str | None, facts: Mapping[str, object]) -> bool:
    return (
        entry.what is what
        and call in (None, entry.call)
        and all(entry.facts.get(name) == value for name, value in facts.items())
    )


def _total(entries: Iterable[Entry], fact: str) -> Decimal:
    return sum((Decimal(str(entry.facts[fact])) for entry in entries), Decimal(0))
