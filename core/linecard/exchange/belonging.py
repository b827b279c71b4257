"""Which process a carrier's request is for, where several share a database."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from linecard.exchange.context import Exchange
from linecard.exchange.inbound import asked_in
from linecard.exchange.instances import ASK_SECONDS, BelongsTo
from linecard.store import BUSY_ERRORS, calls
from linecard.webhook import Callback, CarrierRequest

if TYPE_CHECKING:
    from linecard.plugins import Relay
    from linecard.store.instances import Instance


async def check(
    exchange: Exchange, relay: Relay, request: CarrierRequest, callback: Callback
) -> None:
    """Raise BelongsTo for a call that another live process holds, or a new one while this process drains."""
    call_id = request.call or callback.our_call
    if call_id in exchange.lives:
        return
    if call_id:
        theirs = await exchange.instances.holder_of(call_id)
    else:
        theirs = await _by_ids(exchange, relay, callback)
    if theirs is not None:
        raise BelongsTo(theirs)


async def _by_ids(exchange: Exchange, relay: Relay, callback: Callback) -> Instance | None:
    """An address of a number names no call, but the carrier's ids do; none that we know is a new call."""
    with suppress(TimeoutError, *BUSY_ERRORS):
        async with asyncio.timeout(ASK_SECONDS):
            async with exchange.database.read() as conn:
                call = await calls.find(conn, relay.provider, callback.call_ids)
            if call is not None:
                return await exchange.instances.holder(call.owner)
    is_new = asked_in(callback) is not None
    return exchange.instances.relief() if is_new and not exchange.doors.is_open else None
