"""Who may open a media socket: token, signature and call must all fit, or the handshake gets 403."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.carrier import HERE
from linecard.errors import NotFound, RequestRefused
from linecard.exchange.believing import believe
from linecard.exchange.context import Exchange
from linecard.exchange.presence import agent_is_gone
from linecard.exchange.refusals import SOCKETS
from linecard.media.formats import StreamProfile, pick_profile
from linecard.numbers import Number
from linecard.store import calls, claims, numbers
from linecard.tokens import StreamClaims
from linecard.webhook import CarrierRequest

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.plugins import Relay


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A socket whose handshake was believed."""

    claims: StreamClaims
    call: Call
    relay: Relay
    profile: StreamProfile

    @property
    def is_to_end(self) -> bool:
        """We have hung up: the socket is taken only to be closed, which ends the call sooner than a
        handshake that is refused, and tried again."""
        return self.call.closing is not None


async def admit(
    exchange: Exchange,
    provider: str,
    token: str,
    request: CarrierRequest,
    by: Callable[[StreamClaims], bool] | None = None,
) -> Admitted:
    """Check a handshake. Raises RequestRefused; nothing has been written.

    `by` says whether a stream may be carried where the handshake has come; None: it came to this process.
    """
    given = exchange.tokens.open_stream(token, time.time())
    if given.provider != provider:
        raise RequestRefused("the stream token is for another provider")
    if not (by(given) if by else _is_here(exchange, given)):
        raise RequestRefused("the call is carried elsewhere")
    relay = _relay(exchange, given)
    _believe(exchange, relay, given, request)
    async with exchange.database.read() as conn:
        call = await _going_on(conn, exchange, given.call)
        taken = await claims.is_taken(conn, given.id)
        number = await numbers.get(conn, call.number) if call else None
    if call is None:
        raise RequestRefused("the call is over")
    if taken:
        raise RequestRefused("the stream token is in use")
    return Admitted(claims=given, call=call, relay=relay, profile=_profile(relay, given, number))


def _is_here(exchange: Exchange, given: StreamClaims) -> bool:
    """A call that has a pod is not carried beside it: its agent is not to run among the server's secrets.

    Nor is one whose pod is gone, or was never given: pods have the key of such tokens, and could make them.
    """
    held = exchange.leases.get(given.call)
    if given.pod != HERE and (held is None or held.lease.pod != given.pod):
        return False
    return held is None or held.lease.address is None


def _believe(
    exchange: Exchange, relay: Relay, given: StreamClaims, request: CarrierRequest
) -> None:
    try:
        believe(exchange, relay, request)
    except RequestRefused as refusal:
        exchange.refusals.note(given.call, SOCKETS, refusal.reason)
        raise


def _profile(relay: Relay, given: StreamClaims, number: Number | None) -> StreamProfile:
    """The profile of the token, with the codec that the provider declares for the number."""
    profile = pick_profile(relay.hooks.stream_profiles(), given.profile)
    if number is None or not relay.supports("stream_format"):
        return profile
    return replace(profile, format=relay.hooks.stream_format(number, profile.name))


async def open_to_streams(conn: AsyncConnection, exchange: Exchange, call_id: str) -> Call | None:
    """The call, if a stream may carry it: it goes on, nobody has hung up, its agent has not left."""
    call = await _going_on(conn, exchange, call_id)
    return None if call is None or call.closing else call


async def _going_on(conn: AsyncConnection, exchange: Exchange, call_id: str) -> Call | None:
    call = await calls.get(conn, call_id)
    if call is None or call.is_over:
        return None
    return call if call.closing or not await agent_is_gone(conn, exchange, call) else None


def _relay(exchange: Exchange, given: StreamClaims) -> Relay:
    try:
        return exchange.plugins.relay(given.provider, given.account)
    except NotFound as error:
        raise RequestRefused(str(error)) from error
