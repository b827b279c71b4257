"""The books kept straight: calls whose placement is unknown, and calls that have gone silent.

An unknown placement is settled by a positive look-up, or by a late callback through the inbox; it is
never dialled again. A look-up that finds nothing proves nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus, advance
from linecard.carrier import CallLookup, Found
from linecard.errors import LinecardError
from linecard.events import CallAnswered, CarrierEvent, LegEnded
from linecard.outbound.gate import open_gate
from linecard.outbound.pacing import next_look
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
"""So often all calls are looked through for those that the carrier is to be asked about."""
GAP_SECONDS = 0.35
"""Between two look-ups of one account: below 200 a minute, the least that a carrier allows."""
TALKED = timedelta(seconds=480)
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

    async def doubtful(self) -> AsyncIterator[LiveCallRow]:
        """Every call that is unknown, was cut off, or has been silent for too long, oldest first."""
        async for call in live.every(self.database):
            if not self.is_theirs(call.owner) and self._is_doubtful(call):
                yield call

    async def look(self, call_id: str) -> float | None:
        """Ask the carrier about a call, if that is still to be done.

        In how many seconds of the calls' clock to look again; None: the call is over.
        """
        call = await self._read(call_id)
        if call is None:
            return None
        if self.is_theirs(call.owner) or not self._is_doubtful(call):
            return EVERY_SECONDS
        await self._try(call)
        await self.clock.sleep(GAP_SECONDS)
        is_over = await self._read(call_id) is None
        return None if is_over else next_look(_settling_age(call).total_seconds())

    async def _try(self, call: Call) -> None:
        try:
            await self._look(call)
        except LinecardError as error:
            log.warning("a call could not be settled yet", call=call.id, error=str(error))
        except Exception:
            log.exception("settling a call failed; it is tried again", call=call.id)

    async def _read(self, call_id: str) -> Call | None:
        """A call that is not over."""
        async with self.database.read() as conn:
            call = await calls.get(conn, call_id)
        return None if call is None or call.is_over else call

    def _is_doubtful(self, call: Call | LiveCallRow) -> bool:
        """Whether the carrier is to be asked about it."""
        if _is_intent(call):
            return _age(call) > INTENT_AGE
        return call.status is CallStatus.UNKNOWN or is_silent(call, self.tended)

    async def _look(self, call: Call) -> None:
        if _is_intent(call):
            call = await self._cut_off(call)
        if call.status is CallStatus.UNKNOWN:
            await self._settle(call)
        elif call.carrier_ids and is_silent(call, self.tended):
            await ask(self.plugins.relay(call.provider, call.account), call, self.report)

    async def _cut_off(self, call: Call) -> Call:
        facts = {"reason": "the server stopped between intent and answer"}
        async with self.database.write() as conn:
            current = await calls.get(conn, call.id) or call
            if not _is_intent(current):
                return current
            status = advance(current.status, CallStatus.UNKNOWN)
            await timeline.append(conn, call.id, "placement-unknown", facts, now())
            return await calls.update(conn, call.id, status=status)

    async def _settle(self, call: Call) -> None:
        if _age(call) > GIVE_UP:
            await self.report(call, [_given_up(call)])
            return
        found = await self._candidates(call)
        if len(found) == 1 and not await self._has_rival(call):
            await self._adopt(call, found[0])
        elif found:
            log.warning("more than one call fits; the placement stays unknown", call=call.id)

    async def _has_rival(self, call: Call) -> bool:
        """Whether a found call may just as well be another placement's of which nothing is known."""
        async with self.database.read() as conn:
            alike = await live.unplaced(conn, call)
        return any(other.status is CallStatus.UNKNOWN or _is_intent(other) for other in alike)

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


def _facts(call: Call, lookup: CallLookup) -> list[CarrierEvent]:
    if lookup.found is Found.ENDED and lookup.ended is not None:
        return [*lookup.further, *lookup.end]
    return [CallAnswered(key=f"found-answered:{call.id}")] if lookup.answered else []


def _age(call: Call | LiveCallRow) -> timedelta:
    return now() - call.created_at


def _settling_age(call: Call) -> timedelta:
    """An answered call that nobody holds is asked about once a minute, however old it has grown."""
    return min(_age(call), TALKED) if call.status is CallStatus.IN_PROGRESS else _age(call)


def _given_up(call: Call) -> LegEnded:
    return LegEnded(
        key=f"given-up:{call.id}",
        status=CallStatus.FAILED,
        concluded=True,
        reason="unknown: the carrier never said whether it placed the call",
    )
