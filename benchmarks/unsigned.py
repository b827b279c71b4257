"""Media sockets without a signature, for the load generator alone: this switch exists nowhere else.

Such a socket gets a call of its own, written as an answered one; all behind the handshake is the
product's: the claim of the token, the agent, the session, the books.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from linecard.calls import Call, CallStatus, Direction
from linecard.exchange.admission import Admitted, admit
from linecard.exchange.context import Exchange
from linecard.http import carrying
from linecard.media.formats import pick_profile
from linecard.store import calls
from linecard.tokens import StreamClaims, new_id
from linecard.webhook import CarrierRequest

LAST_PART = "bench"
ACCOUNT = "main"
OURS, CUSTOMER = "+14155550100", "+14155550123"
BASE = Call(
    id="",
    provider="",
    account=ACCOUNT,
    direction=Direction.INBOUND,
    from_=CUSTOMER,
    to=OURS,
    number=OURS,
    agent="",
    profile="",
    status=CallStatus.IN_PROGRESS,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def open_doors(agent: str) -> None:
    """From now on this process lets every socket at `/ws/PROVIDER/bench` in, to this agent."""

    async def let_in(
        exchange: Exchange, provider: str, token: str, request: CarrierRequest
    ) -> Admitted:
        if token != LAST_PART:
            return await admit(exchange, provider, token, request)
        return await _admitted(exchange, provider, agent)

    vars(carrying)["admit"] = let_in


async def _admitted(exchange: Exchange, provider: str, agent: str) -> Admitted:
    relay = exchange.plugins.relay(provider, ACCOUNT)
    profile = pick_profile(relay.hooks.stream_profiles(), None)
    moment = datetime.now(UTC)
    call = replace(
        BASE,
        id=new_id(),
        provider=provider,
        agent=agent,
        profile=profile.name,
        created_at=moment,
        answered_at=moment,
    )
    async with exchange.database.write() as conn:
        await calls.add(conn, call)
    claims = StreamClaims(
        id=new_id(),
        call=call.id,
        provider=provider,
        account=ACCOUNT,
        number=OURS,
        agent=agent,
        profile=profile.name,
        pod="",
        expires=int(time.time()) + 3600,
    )
    return Admitted(claims=claims, call=call, relay=relay, profile=profile)
