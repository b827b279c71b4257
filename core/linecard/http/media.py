"""The media socket: the transport under a stream session, on plain ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from linecard.errors import RequestRefused
from linecard.exchange import streams
from linecard.exchange.context import Exchange
from linecard.exchange.streams import Admitted
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
        finally:
            await socket.finish()

    return media


async def _admit(exchange: Exchange, websocket: WebSocket) -> Admitted | None:
    """Closing before accepting answers the handshake with 403."""
    provider = websocket.path_params["provider"]
    request = CarrierRequest(
        method="GET",
        url=_socket_url(public_url(exchange, websocket.scope)),
        headers={name.lower(): value for name, value in websocket.headers.items()},
    )
    try:
        return await streams.admit(exchange, provider, websocket.path_params["token"], request)
    except RequestRefused as refusal:
        exchange.metrics.refused.labels(provider).inc()
        log.warning("media socket refused", provider=provider, reason=refusal.reason)
        return None


def _socket_url(url: str) -> str:
    return "ws" + url.removeprefix("http")


async def _carry(exchange: Exchange, admitted: Admitted, socket: MediaSocket) -> None:
    session = await _open(exchange, admitted, socket)
    if session is None:
        return
    reason = "failed"
    try:
        while True:
            session.receive(await socket.receive())
    except WebSocketDisconnect as gone:
        reason = f"the socket closed ({gone.code})"
    finally:
        await streams.detach(exchange, admitted, session, reason)


async def _open(
    exchange: Exchange, admitted: Admitted, socket: MediaSocket
) -> StreamSession | None:
    protocol = admitted.relay.hooks.open_stream(admitted.profile)
    try:
        async with exchange.clock.timeout(admitted.profile.start_seconds):
            started, rest = await streams.opening(protocol, socket.receive)
    except (TimeoutError, WebSocketDisconnect) as error:
        log.warning("no opening message", call=admitted.call.id, error=type(error).__name__)
        return None
    if not await streams.claim(exchange, admitted, started):
        log.warning("the stream is not for this call", call=admitted.call.id)
        return None
    session = await streams.attach(exchange, admitted, protocol, socket.send, socket.close)
    session.take(rest)
    return session
