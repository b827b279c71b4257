"""Erasing the contents of calls that are over, in the transaction of whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.exchange.context import Exchange
from linecard.exchange.costs import total_cost
from linecard.exchange.forgetting import jobs
from linecard.exchange.recording_jobs import POLL
from linecard.store import calls, forgetting
from linecard.store.forgetting import Owned
from linecard.store.recordings import UNFINISHED
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def erase(
    exchange: Exchange, conn: AsyncConnection, known: Sequence[Call], number: str
) -> Counter[str]:
    """Leave of calls what says nothing of anybody; how much went. They must be locked, and over."""
    ids = [call.id for call in known]
    owned = await forgetting.recorded(conn, ids)
    for one in owned:
        await jobs.put_recording(exchange, conn, one)
    await _sum_up(conn, known)
    erased = await forgetting.erase_content(conn, ids, (POLL, *jobs.ONGOING))
    told = {one.recording.call for one in owned if one.recording.status not in UNFINISHED}
    await forgetting.erase_jobs(conn, sorted(told), POLL)
    await forgetting.make_anonymous(conn, ids, number, now())
    await jobs.put_ids(exchange, conn, [(call.id, call.ended_at) for call in known])
    await jobs.put_flights(exchange, conn, ids)
    return Counter(erased) + Counter(calls=len(ids))


async def _sum_up(conn: AsyncConnection, known: Sequence[Call]) -> None:
    """The price of all legs into the call's own row, before the lines go that tell it."""
    lines = await forgetting.leg_prices(conn, [call.id for call in known])
    for call in known:
        cost = total_cost(call, lines.get(call.id, ()))
        if cost != call.cost:
            await calls.update(conn, call.id, cost=cost)


def at_carriers(exchange: Exchange, owned: Sequence[Owned]) -> int:
    """How many recordings stay at carriers that cannot be asked to delete them."""
    return sum(not _can_delete(exchange, one) for one in owned)


def _can_delete(exchange: Exchange, one: Owned) -> bool:
    provider, account = one.account
    if account not in exchange.plugins.accounts(provider):
        return False
    return exchange.plugins.relay(provider, account).supports("delete_recording", one.profile)
