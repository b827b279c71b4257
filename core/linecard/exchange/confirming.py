"""Calls that come in from an unsigned carrier: whether it really has them is asked beside the answer."""

from __future__ import annotations

import structlog

from linecard.calls import Call, CallStatus
from linecard.carrier import Found
from linecard.events import LegEnded
from linecard.exchange import endings, inbox
from linecard.exchange.context import Exchange
from linecard.exchange.reasons import UNCONFIRMED
from linecard.store import timeline
from linecard.wall import now

log = structlog.get_logger()

ASK_AFTER = (0.0, 1.0, 2.0, 2.0)
"""Pauses before each question, five seconds in all: a carrier's record may be a moment behind its call."""


async def confirm(exchange: Exchange, call: Call) -> None:
    """Ask the carrier about a call; one that it does not have is closed, with its stream, and counted."""
    if not exchange.relay(call).supports("find_call", call.profile):
        return
    found = Found.NOT_FOUND
    for pause in ASK_AFTER:
        await exchange.clock.sleep(pause)
        found = await endings.look_up(exchange, call)
        if found is not Found.NOT_FOUND:
            break
    name = "arrival-confirmed" if found is not Found.NOT_FOUND else "arrival-unconfirmed"
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, name, {"found": str(found)}, now())
    if found is Found.NOT_FOUND:
        await _refuse(exchange, call)


async def _refuse(exchange: Exchange, call: Call) -> None:
    exchange.metrics.unconfirmed.labels(call.provider).inc()
    log.warning("a call that the carrier does not have is closed", call=call.id)
    event = LegEnded(
        key=f"unconfirmed:{call.id}",
        status=CallStatus.FAILED,
        reason=UNCONFIRMED,
        concluded=True,
    )
    await inbox.apply(exchange, call, [event])
