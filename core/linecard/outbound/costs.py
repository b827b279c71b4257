"""What calls have cost, where the carrier prices them some time after their end.

Nobody reports that price, so the call is looked up: `facts.cost_seconds` after its end, and again
after twice that, four times, and so on. A server that starts looks back at what ended before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import CallLookup
from linecard.errors import CarrierError
from linecard.events import CallRated, CarrierEvent
from linecard.outbound.silence import Theirs
from linecard.store import calls, timeline
from linecard.store.unpriced import GIVEN_UP, unpriced
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.outbound.placing import Report
    from linecard.plugins import Plugins, Relay
    from linecard.store import Database

log = structlog.get_logger()

EVERY_SECONDS = 15.0
TRIES = 5
LOOK_BACK = timedelta(days=3)
"""How far a server looks back when it starts; from then on it has seen what ended before."""
RECENT = timedelta(hours=1)


class _Answer(Enum):
    PRICED = auto()
    NOT_YET = auto()
    FAILED = auto()


@dataclass(slots=True)
class _Turn:
    """A call's next look-up: the how manieth, and when by the clock."""

    number: int
    due: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Asks for the price of every call that has none. `report` applies it to the call's record.

    `is_theirs`: whether another process asks about the calls of an owner.
    """

    database: Database
    plugins: Plugins
    report: Report
    clock: Clock
    is_theirs: Theirs = lambda _owner: False
    _turns: dict[tuple[str, str], dict[str, _Turn]] = field(
        default_factory=dict, init=False, repr=False
    )

    async def run(self) -> None:
        """Look for ever; what fails is tried again."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("looking for costs failed; it is tried again")
            await self.clock.sleep(EVERY_SECONDS)

    async def sweep(self) -> None:
        """Ask once about every call whose turn it is."""
        for relay, seconds in list(self._pricing_late()):
            await self._notice(relay, seconds)
            await self._ask_due(relay, seconds)

    def _pricing_late(self) -> Iterator[tuple[Relay, int]]:
        for provider in self.plugins.providers:
            for account in self.plugins.accounts(provider):
                relay = self.plugins.relay(provider, account)
                seconds = relay.hooks.facts().cost_seconds if relay.supports("find_call") else 0
                if seconds > 0:
                    yield relay, seconds

    async def _notice(self, relay: Relay, seconds: int) -> None:
        """Give every call that has ended since its first turn."""
        place = (relay.provider, relay.account)
        since = now() - (RECENT if place in self._turns else LOOK_BACK)
        turns = self._turns.setdefault(place, {})
        async with self.database.read() as conn:
            found = await unpriced(conn, *place, since)
        for call in found:
            if call.id not in turns and not self.is_theirs(call.owner):
                turns[call.id] = self._first_turn(call, seconds)

    def _first_turn(self, call: Call, seconds: int) -> _Turn:
        """The turn that its age has reached: an old call is not asked about five times more."""
        age = (now() - (call.ended_at or call.created_at)).total_seconds()
        passed = sum(age >= _age_of_turn(number, seconds) for number in range(TRIES))
        number = max(0, passed - 1)
        return _Turn(number, self.clock.now() + max(0.0, _age_of_turn(number, seconds) - age))

    async def _ask_due(self, relay: Relay, seconds: int) -> None:
        """After a look-up that failed the carrier is left alone until the next sweep."""
        turns = self._turns[relay.provider, relay.account]
        for call_id in [one for one, turn in turns.items() if turn.due <= self.clock.now()]:
            async with self.database.read() as conn:
                call = await calls.get(conn, call_id)
            if call is None or call.cost is not None or self.is_theirs(call.owner):
                del turns[call_id]
                continue
            answer = await self._ask(relay, call)
            if answer is _Answer.PRICED:
                del turns[call_id]
            else:
                await self._postpone(turns, call, seconds)
            if answer is _Answer.FAILED:
                return

    async def _ask(self, relay: Relay, call: Call) -> _Answer:
        try:
            seen = await relay.hooks.find_call(call.carrier_ids)
        except CarrierError as error:
            log.warning("the price of a call is not told", call=call.id, error=str(error))
            return _Answer.FAILED
        except Exception:
            log.exception("looking up the price of a call failed", call=call.id)
            return _Answer.FAILED
        rated = _price(call, seen)
        told = [*seen.further, *_late_facts(call, seen), *([] if rated is None else [rated])]
        if told:
            await self.report(call, told)
        return _Answer.NOT_YET if rated is None else _Answer.PRICED

    async def _postpone(self, turns: dict[str, _Turn], call: Call, seconds: int) -> None:
        """To the next turn, twice as far away; after the last one the record says that nobody knows."""
        turn = turns[call.id]
        turn.number += 1
        turn.due = self.clock.now() + seconds * (1 << turn.number)
        if turn.number < TRIES:
            return
        del turns[call.id]
        async with self.database.write() as conn:
            await timeline.append(conn, call.id, GIVEN_UP, {"tries": TRIES}, now())


def _age_of_turn(number: int, seconds: int) -> int:
    """How long after the end: once `seconds`, three times, seven times, ..."""
    return seconds * ((2 << number) - 1)


def _late_facts(call: Call, seen: CallLookup) -> list[CarrierEvent]:
    """The end once more, where the carrier's record of it holds the length that its report had not."""
    if seen.ended is None or seen.ended.duration is None or call.duration is not None:
        return []
    return [seen.ended]


def _price(call: Call, seen: CallLookup) -> CallRated | None:
    """The price in a look-up, as a fact of its own: the end itself has been reported before."""
    if seen.rated is not None:
        return seen.rated
    if seen.ended is None or seen.ended.cost is None:
        return None
    return CallRated(key=f"cost-found:{call.id}", cost=seen.ended.cost)
