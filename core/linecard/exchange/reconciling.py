"""Calls about which the carrier has to be asked: found among all that live, and asked about as durable work.

Each has one job until it is over, so that what was lost is made good whatever crashes: the jobs of an
account one after another, so that its carrier is not flooded after an outage of ours, and each ever more
rarely. A call of another live process is left to that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from linecard.exchange import inbox, outbox
from linecard.exchange.outbox import Later
from linecard.outbound.settle import EVERY_SECONDS, Settler

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange
    from linecard.outbound.silence import Tended
    from linecard.store.live import LiveCallRow
    from linecard.store.outbox import Job

log = structlog.get_logger()

RECONCILE = "reconcile"
AT_ONCE = 50
"""Jobs in one transaction: after an outage of ours there may be a thousand."""


def settler_of(exchange: Exchange, tended: Tended | None = None) -> Settler:
    """Who looks after the calls of an exchange that are not over; `tended`: by an agent here."""
    return Settler(
        settings=exchange.settings,
        database=exchange.database,
        plugins=exchange.plugins,
        report=partial(inbox.apply, exchange),
        clock=exchange.clock,
        tended=tended or exchange.lives.__contains__,
        is_theirs=exchange.instances.is_theirs,
    )


async def run(exchange: Exchange) -> None:
    """Find such calls for ever, once every half minute; what fails is tried again."""
    while True:
        try:
            await find(exchange)
        except Exception:
            log.exception("calls could not be looked through; it is tried again")
        await exchange.clock.sleep(EVERY_SECONDS)


async def find(exchange: Exchange) -> None:
    """Give every call that the carrier is to be asked about its job, where it has none."""
    found = [call async for call in settler_of(exchange).doubtful()]
    for start in range(0, len(found), AT_ONCE):
        await _give_jobs(exchange, found[start : start + AT_ONCE])
        exchange.work_is_due.set()


async def _give_jobs(exchange: Exchange, found: Sequence[LiveCallRow]) -> None:
    async with exchange.database.write() as conn:
        for call in found:
            queue = f"{RECONCILE}:{call.provider}:{call.account}"
            await outbox.put(exchange, conn, RECONCILE, call.id, queue=queue, call_id=call.id)


async def reconcile(exchange: Exchange, job: Job) -> None:
    """Ask about a call. Raises Later until it is over: that is never given up."""
    again = await settler_of(exchange).look(job.call_id or "")
    if again is not None:
        raise Later(exchange.later(again), "the call is not over yet")
