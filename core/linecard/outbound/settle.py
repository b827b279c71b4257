"""Calls whose placement is unknown: settled by a positive look-up, never dialled again.

A late callback settles them too, through the inbox. A look-up that finds nothing proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus, advance
from linecard.carrier import CallLookup, Found
from linecard.errors import CarrierError
from linecard.events import CallAnswered, CarrierEvent, LegEnded
from linecard.outbound.gate import open_gate
from linecard.store import calls, timeline
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.outbound.dialing import Report
    from linecard.plugins import Plugins
    from linecard.settings import Settings
    from linecard.store import Database

log = structlog.get_logger()

EVERY_SECONDS = 30.0
INTENT_SECONDS = 60
"""An intent that is older and has no answer was cut off by a crash: nobody knows whether it was sent."""
GIVE_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """Looks after calls that hang between intent and truth."""

    settings: Settings
    database: Database
    plugins: Plugins
    report: Report
    clock: Clock

    async def run(self) -> None:
        """Settle for ever, once every half minute."""
        while True:
            await self.sweep()
            await self.clock.sleep(EVERY_SECONDS)

    async def sweep(self) -> None:
        """Look once at every call that is unknown or was cut off."""
        for call in await self._with_status(CallStatus.QUEUED):
            if not call.carrier_ids and _age(call) > timedelta(seconds=INTENT_SECONDS):
                await self._cut_off(call)
        for call in await self._with_status(CallStatus.UNKNOWN):
            await self._settle(call)

    async def _with_status(self, status: CallStatus) -> Sequence[Call]:
        async with self.database.read() as conn:
            return await calls.with_status(conn, status)

    async def _cut_off(self, call: Call) -> None:
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            status = advance(current.status, CallStatus.UNKNOWN)
            await calls.update(conn, call.id, status=status)
            facts = {"reason": "the server stopped between intent and answer"}
            await timeline.append(conn, call.id, "placement-unknown", facts, now())

    async def _settle(self, call: Call) -> None:
        if _age(call) > GIVE_UP:
            await self.report(call, [_given_up(call)])
            return
        found = await self._candidates(call)
        if len(found) == 1:
            await self._adopt(call, found[0])
        elif found:
            log.warning("two calls fit an unknown placement; it stays unknown", call=call.id)

    async def _candidates(self, call: Call) -> list[CallLookup]:
        relay = self.plugins.relay(call.provider, call.account)
        if not relay.supports("search_calls"):
            return []
        gate = await open_gate(self.settings, self.database)
        since = call.created_at.timestamp()
        try:
            found = await relay.hooks.search_calls(call.number, gate.clear_call(call.to), since)
        except CarrierError as error:
            log.warning("look-up of an unknown placement failed", call=call.id, error=str(error))
            return []
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
            await self.report(current, events)


def _facts(call: Call, lookup: CallLookup) -> list[CarrierEvent]:
    if lookup.found is Found.ENDED and lookup.ended is not None:
        return [lookup.ended]
    return [CallAnswered(key=f"found-answered:{call.id}")] if lookup.answered else []


def _age(call: Call) -> timedelta:
    return now() - call.created_at


def _given_up(call: Call) -> LegEnded:
    return LegEnded(
        key=f"given-up:{call.id}",
        status=CallStatus.FAILED,
        reason="unknown: the carrier never said whether it placed the call",
    )
