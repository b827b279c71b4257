"""Everything on record of one call, read for its explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.errors import NotFound
from linecard.exchange import at_risk
from linecard.exchange.context import Exchange
from linecard.exchange.costs import total_cost
from linecard.exchange.refusals import REPEATED
from linecard.explaining import Explanation, Record, explain, explain_stranger
from linecard.store import (
    calls,
    inbox,
    notifications,
    numbers,
    outbox,
    recordings,
    timeline,
    transfers,
)
from linecard.store.timeline import Line
from linecard.wall import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection


async def explanation(exchange: Exchange, name: str) -> Explanation:
    """Why a call went as it did; `name` is our id of it or the carrier's.

    Raises NotFound where nothing at all is kept under that name.
    """
    async with exchange.database.read() as conn:
        call = await calls.get(conn, name) or await calls.called(conn, name)
        if call is None:
            return await _stranger(conn, name)
        return explain(await read(conn, exchange, call))


async def read(conn: AsyncConnection, exchange: Exchange, call: Call) -> Record:
    """The record of a call."""
    lines = await timeline.of_call(conn, call.id)
    return Record(
        call=call,
        lines=(*lines, *_not_written(exchange, call)),
        inbox=tuple(await inbox.of_call(conn, call.id)),
        recordings=tuple(await recordings.of_call(conn, call.id)),
        transfers=tuple(await transfers.of_call(conn, call.id)),
        jobs=tuple(await outbox.of_call(conn, call.id)),
        repeats=_repeats(exchange, call),
        told=await notifications.counted(conn, call.id),
        number=await numbers.get(conn, call.number),
        cost=total_cost(call, lines),
        at_risk_seconds=at_risk.seconds(call, now()),
        advice=_advice(exchange, call),
        public_url=exchange.settings.public_url,
    )


def _not_written(exchange: Exchange, call: Call) -> list[Line]:
    """What was refused since the last thing that was believed."""
    return [
        Line(now(), what, {"reason": reason, "times": times})
        for (what, reason), times in exchange.refusals.of(call.id).items()
        if what != REPEATED
    ]


def _repeats(exchange: Exchange, call: Call) -> Mapping[str, int]:
    counted = exchange.refusals.of(call.id).items()
    return {name: times for (what, name), times in counted if what == REPEATED}


def _advice(exchange: Exchange, call: Call) -> Mapping[str, str]:
    """The carrier's own; none where its account is set up no more."""
    try:
        return exchange.relay(call).hooks.facts().advice
    except NotFound:
        return {}


async def _stranger(conn: AsyncConnection, name: str) -> Explanation:
    entries = await inbox.of_stranger(conn, name) if name else []
    if not entries:
        raise NotFound("call", name)
    dialled = next((str(one.payload["to"]) for one in entries if one.payload.get("to")), None)
    number = await numbers.get(conn, dialled) if dialled else None
    return explain_stranger(name, entries, number)
