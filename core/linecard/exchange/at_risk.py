"""Calls that may still cost money at the carrier although our side is done with them.

Counted from live rows, so that nothing can be forgotten: a call is at risk from the moment its end
was asked for, or its time was up, until the carrier's leg is confirmed gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from linecard.calls import ENDS, Call
from linecard.outbound.silence import GRACE, time_of_end
from linecard.store import live
from linecard.store.live import LiveCallRow
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange
    from linecard.store import Database

log = structlog.get_logger()

EVERY_SECONDS = 10.0
ALARM_AFTER = timedelta(seconds=30)
"""So long an end may take before it is an alarm: the first look-up has come and gone by then."""


def since(call: Call | LiveCallRow) -> datetime | None:
    """From when on a call is at risk; None for one that is over."""
    if call.status in ENDS:
        return None
    overdue = call.created_at + time_of_end(call) + GRACE
    return min(call.closing_at, overdue) if call.closing_at else overdue


def seconds(call: Call | LiveCallRow, at: datetime) -> int | None:
    """For how long a call has been at risk; None where it is not."""
    begun = since(call)
    return None if begun is None or begun > at else int((at - begun).total_seconds())


async def of_all(database: Database) -> Sequence[LiveCallRow]:
    """Every call at risk, oldest first."""
    at = now()
    return [call async for call in live.every(database) if seconds(call, at) is not None]


class RiskWatch:
    """Keeps the gauges of what is at risk, and says each call that stays so once in the log.

    Of several processes each counts the calls that it looks after.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._said: frozenset[str] = frozenset()

    async def run(self) -> None:
        """For ever; what fails is logged and tried again."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the calls at risk could not be counted; it is tried again")
            await self._exchange.clock.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Count once."""
        is_theirs = self._exchange.instances.is_theirs
        every = await of_all(self._exchange.database)
        found = [call for call in every if not is_theirs(call.owner)]
        at = now()
        risks = {call.id: timedelta(seconds=seconds(call, at) or 0) for call in found}
        metrics = self._exchange.metrics
        metrics.at_risk.set(len(risks))
        metrics.minutes_at_risk.set(sum(risks.values(), timedelta()) / timedelta(minutes=1))
        self._alarm(found, risks)

    def _alarm(self, found: Sequence[LiveCallRow], risks: Mapping[str, timedelta]) -> None:
        alarming = [call for call in found if risks[call.id] >= ALARM_AFTER]
        for call in alarming:
            if call.id not in self._said:
                log.error(
                    "a call that should be over is not confirmed gone at the carrier; it goes on costing",
                    call=call.id,
                    provider=call.provider,
                    status=call.status,
                    at_risk_seconds=int(risks[call.id].total_seconds()),
                    asked_because=call.closing,
                )
        self._said = frozenset(call.id for call in alarming)
