"""The media socket: the transport under a stream session, on plain ASGI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from linecard.errors import RequestRefused
from linecard.exchange import streams, watchdog
from linecard.exchange.admission import Admitted, admit
from linecard.exchange.context import Exchange
from linecard.exchange.refusals import UNOPENED
from linecard.http.callers import caller
from linecard.http.socket import MediaSocket
from linecard.http.webhooks import public_url
from linecard.media.session import StreamSession
from linecard.webhook import CarrierRequest

log = structlog.get_logger()


def media_endpoint(exchange: Exchange) -> Callable[[WebSocket], Awaitable[None]]:
    """`/ws/{provider}/{token}`."""

    async def media(websocket: WebSocket) -> None:
        admitted = await _admit(exchange, websocket)
        if admitted is None:
            await websocket.close()
            return
        await websocket.accept()
        socket = MediaSocket(websocket)
        try:
            await _carry(exchange, admitted, socket)
        except Exception:
            log.exception("a media socket failed; its stream is over", call=admitted.call.id)
        finally:
            await socket.finish()

    return media


async def _admit(exchange: Exchange, websocket: WebSocket) -> Admitted | None:
    """Closing before accepting answers the handshake with 403."""
    provider = websocket.path_params["provider"]
    request = handshake(exchange, websocket)
    try:
        return await admit(exchange, provider, websocket.path_params["token"], request)
    except RequestRefused as refusal:
        by = caller(websocket.scope, exchange.settings.trusted_proxies)
        _refused(exchange, provider, refusal, by)
        return None


def _refused(exchange: Exchange, provider: str, refusal: RequestRefused, by: str) -> None:
    """Names from outside are counted as one: each would be a line of the metrics for ever."""
    known = provider if provider in exchange.plugins.providers else "unknown"
    exchange.metrics.refused.labels(known).inc()
    exchange.sparing.warning("media socket refused", by=by, provider=known, reason=refusal.reason)


def handshake(exchange: Exchange, websocket: WebSocket) -> CarrierRequest:
    """What a carrier has proved a socket with: a GET of its public address."""
    return CarrierRequest(
        method="GET",
        url="ws" + public_url(exchange, websocket.scope).removeprefix("http"),
        headers={name.lower(): value for name, value in websocket.headers.items()},
    )


async def _carry(exchange: Exchange, admitted: Admitted, socket: MediaSocket) -> None:
    session = None if admitted.is_to_end else await _open(exchange, admitted, socket)
    if session is None:
        return
    reason = "a fault of ours"
    watch = exchange.tasks.start(watchdog.watch(exchange, admitted, session), "watch a stream")
    try:
        reason = await socket.read_all(session.receive)
    finally:
        watch.cancel()
        await streams.detach(exchange, admitted, session, reason)


async def _open(
    exchange: Exchange, admitted: Admitted, socket: MediaSocket
) -> StreamSession | None:
    dropped: Counter[str] = Counter()
    try:
        session = await _opened(exchange, admitted, socket, dropped)
    except (TimeoutError, WebSocketDisconnect, RequestRefused) as error:
        streams.count_dropped(exchange, admitted, dropped)
        streams.over(exchange, admitted, {"reason": _why(error), "dropped": dict(dropped)})
        exchange.refusals.note(admitted.call.id, UNOPENED, _why(error))
        log.warning("a media socket opened no stream", call=admitted.call.id, reason=_why(error))
        return None
    session.counters.dropped.update(dropped)
    return session


def _why(error: Exception) -> str:
    return "no opening message in time" if isinstance(error, TimeoutError) else str(error)


async def _opened(
    exchange: Exchange, admitted: Admitted, socket: MediaSocket, dropped: Counter[str]
) -> StreamSession:
    protocol = streams.protocol_of(exchange, admitted)
    async with exchange.clock.timeout(admitted.profile.start_seconds):
        started, rest = await streams.opening(protocol, socket.receive, dropped)
    line = streams.line_of(admitted, started)
    await streams.claim(exchange, admitted, started, line)
    try:
        session = await streams.attach(
            exchange, admitted, line, protocol, socket.send, socket.close
        )
    except BaseException:
        await streams.abandon(exchange, admitted, "a fault of ours")
        raise
    session.take(rest)
    return session
