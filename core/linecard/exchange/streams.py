"""Media sockets: who may open one, which call it carries, and what happens when it goes.

The handshake is refused before it is accepted (403) unless token, signature and call all fit. The
token is spent by the first opening message whose call fits, since carriers retry handshakes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import Enhancer, StreamProtocol
from linecard.errors import NotFound, RequestRefused
from linecard.events import StreamEvent, StreamStarted
from linecard.exchange import endings, running
from linecard.exchange.context import Exchange, ids_fit
from linecard.media.codec import Codec
from linecard.media.formats import StreamProfile, pick_profile
from linecard.media.session import StreamSession
from linecard.store import calls, claims, timeline
from linecard.tokens import StreamClaims
from linecard.wall import now
from linecard.webhook import CarrierRequest

if TYPE_CHECKING:
    from linecard.plugins import Relay

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A socket whose handshake was believed."""

    claims: StreamClaims
    call: Call
    relay: Relay
    profile: StreamProfile


async def admit(exchange: Exchange, provider: str, token: str, request: CarrierRequest) -> Admitted:
    """Check a handshake. Raises RequestRefused; nothing has been written."""
    given = exchange.tokens.open_stream(token, time.time())
    if given.provider != provider:
        raise RequestRefused("the stream token is for another provider")
    relay = _relay(exchange, given)
    relay.hooks.verify_request(request)
    async with exchange.database.read() as conn:
        call = await calls.get(conn, given.call)
        taken = await claims.is_taken(conn, given.id)
    if call is None or call.is_over:
        raise RequestRefused("the call is over")
    if taken:
        raise RequestRefused("the stream token is in use")
    profile = pick_profile(relay.hooks.stream_profiles(), given.profile)
    return Admitted(claims=given, call=call, relay=relay, profile=profile)


def _relay(exchange: Exchange, given: StreamClaims) -> Relay:
    try:
        return exchange.plugins.relay(given.provider, given.account)
    except NotFound as error:
        raise RequestRefused(str(error)) from error


async def opening(
    protocol: StreamProtocol, receive: Callable[[], Awaitable[str | bytes]]
) -> tuple[StreamStarted, Sequence[StreamEvent]]:
    """Read until the opening message; what stands before it is of no use and is dropped."""
    while True:
        events = protocol.receive(await receive())
        for position, event in enumerate(events):
            if isinstance(event, StreamStarted):
                return event, events[position + 1 :]


async def claim(exchange: Exchange, admitted: Admitted, started: StreamStarted) -> bool:
    """Spend the token on this stream; False when it is not for this call or another was first."""
    call = admitted.call
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id)
        if current is None or current.is_over or not ids_fit(current, started.carrier_ids):
            return False
        mine = await claims.claim(conn, admitted.claims.id, call.id, started.stream, now())
        if mine:
            facts = {
                "profile": admitted.profile.name,
                "format": str(admitted.profile.format.inbound),
            }
            await timeline.append(conn, call.id, "stream-started", facts, now())
    return mine


async def attach(
    exchange: Exchange,
    admitted: Admitted,
    protocol: StreamProtocol,
    send: Callable[[str | bytes], None],
    close_socket: Callable[[str], None],
) -> StreamSession:
    """Put a claimed stream under its call; the first one starts the agent."""
    line = admitted.profile.format
    session = StreamSession(
        profile=admitted.profile,
        protocol=protocol,
        codec=Codec(line, _rate(exchange, admitted.call.agent)),
        send=send,
        shut=close_socket,
        clock=exchange.clock,
        enhancer=_enhancer(exchange, admitted),
        tap=exchange.taps.of(admitted.call.id, line, exchange.clock.now()),
    )
    live = await running.live_call(exchange, admitted.call)
    live.attach(session)
    exchange.ticker.add(session.tick)
    return session


def _rate(exchange: Exchange, agent: str) -> int | None:
    """The agent's own rate; an agent that is gone ends the call when it is to be started."""
    return exchange.agents.find(agent).rate if agent in set(exchange.agents) else None


def _enhancer(exchange: Exchange, admitted: Admitted) -> Enhancer | None:
    offered = exchange.plugins.ask_all(
        "enhance", call=admitted.call, format=admitted.profile.format
    )
    return next(iter(offered), None)


async def detach(
    exchange: Exchange, admitted: Admitted, session: StreamSession, reason: str
) -> None:
    """The stream is gone; for a short while its token may be claimed again."""
    exchange.ticker.remove(session.tick)
    session.lost(reason)
    _count(exchange, admitted, session)
    if admitted.call.id in exchange.lives:
        exchange.tasks.start(endings.watch_lost_stream(exchange, admitted.call), "lost stream")
    async with exchange.database.write() as conn:
        await claims.release(conn, admitted.claims.id, now())
        facts = {"reason": reason, **_figures(session)}
        await timeline.append(conn, admitted.call.id, "stream-ended", facts, now())


def _figures(session: StreamSession) -> dict[str, object]:
    counters = session.counters
    return {
        "frames_in": counters.frames_in,
        "frames_out": counters.frames_out,
        "underruns": counters.underruns,
        "gaps": counters.gaps,
        "dropped": dict(counters.dropped),
    }


def _count(exchange: Exchange, admitted: Admitted, session: StreamSession) -> None:
    for reason, times in session.counters.dropped.items():
        exchange.metrics.dropped.labels(admitted.call.provider, reason).inc(times)
