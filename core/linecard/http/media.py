"""The media socket on plain ASGI: the lane that every server has, and the one of pods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.types import Scope
from starlette.websockets import WebSocket

from linecard.http.carrying import Carry
from linecard.http.socket import MediaSocket

Judge = Callable[[str, str, Scope], Awaitable[Carry | None]]
"""Of a provider's name, a token and the scope of a handshake: what carries its socket, None where nobody does."""


def media_endpoint(judge: Judge) -> Callable[[WebSocket], Awaitable[None]]:
    """`/ws/{provider}/{token}`; closing before accepting answers the handshake with 403."""

    async def media(websocket: WebSocket) -> None:
        path = websocket.path_params
        carry = await judge(path["provider"], path["token"], websocket.scope)
        if carry is None:
            await websocket.close()
            return
        await websocket.accept()
        await carry(MediaSocket(websocket))

    return media
