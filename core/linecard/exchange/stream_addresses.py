"""Where a call's audio goes: its pod, and a fresh token in the path of its media socket."""

from __future__ import annotations

import time

from linecard.calls import Call
from linecard.exchange.context import Exchange
from linecard.store import numbers
from linecard.tokens import StreamClaims, new_id

VALID_SECONDS = 120
"""How long a token from a document may be used to open a stream."""


async def stream_url(
    exchange: Exchange, call: Call, valid_seconds: int = VALID_SECONDS
) -> tuple[str, str]:
    """A media address for the call, good for `valid_seconds`, and the id of its token."""
    lease = await exchange.leases.of(exchange.plugins, call)
    claims = StreamClaims(
        id=new_id(),
        call=call.id,
        provider=call.provider,
        account=call.account,
        number=await _number_id(exchange, call),
        agent=call.agent,
        profile=call.profile,
        pod=lease.pod,
        expires=int(time.time()) + valid_seconds,
    )
    addresses = exchange.addresses(call.provider, call.account)
    return addresses.socket(exchange.tokens.stream(claims)), claims.id


async def _number_id(exchange: Exchange, call: Call) -> str:
    async with exchange.database.read() as conn:
        number = await numbers.get(conn, call.number)
    return number.id if number else ""
