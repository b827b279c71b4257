"""The media socket on plain ASGI: the lane that every server has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket

from linecard.exchange.context import Exchange
from linecard.http.carrying import carry, let_in
from linecard.http.socket import MediaSocket


def media_endpoint(exchange: Exchange) -> Callable[[WebSocket], Awaitable[None]]:
    """`/ws/{provider}/{token}`; closing before accepting answers the handshake with 403."""

    async def media(websocket: WebSocket) -> None:
        path = websocket.path_params
        admitted = await let_in(exchange, path["provider"], path["token"], websocket.scope)
        if admitted is None:
            await websocket.close()
            return
        await websocket.accept()
        await carry(exchange, admitted, MediaSocket(websocket))

    return media
