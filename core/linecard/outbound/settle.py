"""The books kept straight: calls whose placement is unknown, and calls that have gone silent.

An unknown placement is settled by a positive look-up, or by a late callback through the inbox; it is
never dialled again. A look-up that finds nothing proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus, advance
from linecard.carrier import CallLookup, Found
from linecard.errors import LinecardError
from linecard.events import CallAnswered, CarrierEvent, LegEnded
from linecard.outbound.gate import open_gate
from linecard.outbound.pacing import Pacing
from linecard.outbound.silence import Tended, Theirs, ask, end, is_silent
from linecard.store import calls, live, timeline
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.outbound.placing import Report
    from linecard.plugins import Plugins
    from linecard.settings import Settings
    from linecard.store import Database
    from linecard.store.live import LiveCallRow

log = structlog.get_logger()

EVERY_SECONDS = 30.0
GAP_SECONDS = 0.35
"""Between two look-ups of one account: below 200 a minute, the least that a carrier allows."""
TALKED = timedelta(seconds=480)
"""An answered call that nobody holds is asked about once a minute, however old it has grown."""
INTENT_AGE = timedelta(seconds=60)
"""An intent that is older and has no answer was cut off by a crash: nobody knows whether it was sent."""
GIVE_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """Looks after every call that is not over. `tended`: whether the call's agent runs here.

    `is_theirs`: whether calls of an owner are looked after by another process.
    """

    settings: Settings
    database: Database
    plugins: Plugins
    report: Report
    clock: Clock
    tended: Tended = lambda _call_id: True
    is_theirs: Theirs = lambda _owner: False
    _pacing: Pacing = field(default_factory=Pacing, init=False, repr=False)

    async def run(self) -> None:
        """Settle for ever, once every half minute; what fails is tried again."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("settling failed; it is tried again")
            await self.clock.sleep(EVERY_SECONDS)

    async def sweep(self) -> None:
        """Look once at every call that is unknown, was cut off, or has been silent for too long."""
        everything = [call async for call in live.every(self.database)]
        self._pacing.keep(call.id for call in everything)
        doubtful = [call for call in everything if self._is_doubtful(call)]
        accounts = {(call.provider, call.account) for call in doubtful}
        await asyncio.gather(*(self._sweep_account(one, doubtful, everything) for one in accounts))

    def _is_doubtful(self, call: LiveCallRow) -> bool:
        """Whether the carrier is to be asked about it, by this process."""
        if self.is_theirs(call.owner):
            return False
        if _is_intent(call):
            return _age(call) > INTENT_AGE
        return call.status is CallStatus.UNKNOWN or is_silent(call, self.tended)

    async def _sweep_account(
        self,
        account: tuple[str, str],
        doubtful: Sequence[LiveCallRow],
        everything: Sequence[LiveCallRow],
    ) -> None:
        """One after the other, so that a carrier is not flooded after an outage of ours; accounts side by side."""
        for call in doubtful:
            if (call.provider, call.account) != account:
                continue
            try:
                await self._look_at(call, everything)
            except LinecardError as error:
                log.warning("a call could not be settled yet", call=call.id, error=str(error))
            except Exception:
                log.exception("settling a call failed; it is tried again", call=call.id)

    async def _look_at(self, seen: LiveCallRow, others: Sequence[LiveCallRow]) -> None:
        """As it stands now: it may have waited long for its turn."""
        async with self.database.read() as conn:
            call = await calls.get(conn, seen.id)
        if call is not None and not call.is_over and not self.is_theirs(call.owner):
            await self._look(call, others)

    async def _look(self, call: Call, others: Sequence[LiveCallRow]) -> None:
        if _is_intent(call):
            call = await self._cut_off(call)
        if call.status is CallStatus.UNKNOWN:
            await self._settle(call, others)
        elif call.carrier_ids and is_silent(call, self.tended) and self._is_due(call):
            await ask(self.plugins.relay(call.provider, call.account), call, self.report)
            await self.clock.sleep(GAP_SECONDS)

    def _is_due(self, call: Call) -> bool:
        age = _age(call) if call.status is not CallStatus.IN_PROGRESS else min(_age(call), TALKED)
        return self._pacing.is_due(call.id, self.clock.now(), age.total_seconds())

    async def _cut_off(self, call: Call) -> Call:
        facts = {"reason": "the server stopped between intent and answer"}
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            if not _is_intent(current):
                return current
            status = advance(current.status, CallStatus.UNKNOWN)
            await timeline.append(conn, call.id, "placement-unknown", facts, now())
            return await calls.update(conn, call.id, status=status)

    async def _settle(self, call: Call, others: Sequence[LiveCallRow]) -> None:
        if _age(call) > GIVE_UP:
            await self.report(call, [_given_up(call)])
            return
        if not self._is_due(call):
            return
        found = await self._candidates(call)
        await self.clock.sleep(GAP_SECONDS)
        if len(found) == 1 and not any(_is_rival(call, other) for other in others):
            await self._adopt(call, found[0])
        elif found:
            log.warning("more than one call fits; the placement stays unknown", call=call.id)

    async def _candidates(self, call: Call) -> list[CallLookup]:
        relay = self.plugins.relay(call.provider, call.account)
        if not relay.supports("search_calls"):
            return []
        gate = await open_gate(self.settings, self.database)
        since = call.created_at.timestamp()
        found = await relay.hooks.search_calls(call.number, gate.clear_call(call.to), since)
        return [lookup for lookup in found if await self._is_free(call, lookup)]

    async def _is_free(self, call: Call, lookup: CallLookup) -> bool:
        async with self.database.read() as conn:
            holder = await calls.find(conn, call.provider, lookup.carrier_ids)
        return holder is None or holder.id == call.id

    async def _adopt(self, call: Call, lookup: CallLookup) -> None:
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            current = await calls.add_ids(conn, current, lookup.carrier_ids)
            status = advance(current.status, CallStatus.DIALING)
            current = await calls.update(conn, call.id, status=status)
            await timeline.append(conn, call.id, "placement-found", {}, now())
        events = _facts(call, lookup)
        if events:
            current = await self.report(current, events)
        if current.closing and not current.is_over:
            await end(self.plugins.relay(call.provider, call.account), current)


def _is_intent(call: Call | LiveCallRow) -> bool:
    """Written, and no answer of the carrier to it."""
    return call.status is CallStatus.QUEUED and not call.carrier_ids


def _is_rival(call: Call, other: LiveCallRow) -> bool:
    """Whether a found call may just as well be another placement's of which nothing is known."""
    unplaced = other.status is CallStatus.UNKNOWN or _is_intent(other)
    return other.id != call.id and unplaced and _pair(other) == _pair(call)


def _pair(call: Call | LiveCallRow) -> tuple[str, str, str, str]:
    return call.provider, call.account, call.number, call.to


def _facts(call: Call, lookup: CallLookup) -> list[CarrierEvent]:
    if lookup.found is Found.ENDED and lookup.ended is not None:
        return [*lookup.further, *lookup.end]
    return [CallAnswered(key=f"found-answered:{call.id}")] if lookup.answered else []


def _age(call: Call | LiveCallRow) -> timedelta:
    return now() - call.created_at


def _given_up(call: Call) -> LegEnded:
    return LegEnded(
        key=f"given-up:{call.id}",
        status=CallStatus.FAILED,
        concluded=True,
        reason="unknown: the carrier never said whether it placed the call",
    )
