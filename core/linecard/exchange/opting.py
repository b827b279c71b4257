"""Whoever asks during a call not to be called again is not: blocklist, plugins and outcome, in one transaction."""

from __future__ import annotations

from linecard.calls import Direction
from linecard.errors import CallOver, InvalidField
from linecard.exchange.blocking import block_too
from linecard.exchange.context import Exchange
from linecard.live.outcomes import OPTED_OUT
from linecard.numbers import Blocks
from linecard.store import calls, timeline
from linecard.store.blocklist import Blocked
from linecard.tokens import new_id
from linecard.wall import now


async def opt_out(exchange: Exchange, call_id: str) -> None:
    """Block our calls to the other side of a call; safe to repeat.

    Raises InvalidField for a withheld number, CallOver for a call that is not on record.
    """
    async with exchange.database.write() as conn:
        call = await calls.get(conn, call_id)
        if call is None:
            raise CallOver(call_id, "it is not on record")
        other = call.to if call.direction is Direction.OUTBOUND else call.from_
        if other is None:
            raise InvalidField("from", "the caller withholds the number: there is nothing to block")
        entry = Blocked(
            id=new_id(),
            caller=other,
            direction=Blocks.OUTBOUND,
            note=f"opted out in call {call.id}",
            created_at=now(),
        )
        await block_too(exchange, conn, entry)
        await calls.update(conn, call.id, outcome=OPTED_OUT)
        await timeline.append(conn, call.id, OPTED_OUT, {}, now())
