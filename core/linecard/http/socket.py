"""A media socket's sending side: one queue, one task, a deadline on every send."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

log = structlog.get_logger()

SEND_SECONDS = 5.0
"""A peer that takes no message for so long is gone: a dead one blocks for ever otherwise."""
LONGEST_QUEUE = 2000
_CLOSE = object()


class MediaSocket:
    """An accepted WebSocket that may be written to without waiting."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._queue: asyncio.Queue[object] = asyncio.Queue(LONGEST_QUEUE)
        self._writer = asyncio.create_task(self._write(), name="media socket")
        self._closing = False

    def send(self, message: str | bytes) -> None:
        """Queue a message; a peer so slow that the queue is full is cut off."""
        if self._closing:
            return
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            log.warning("the carrier reads too slowly; its socket is closed")
            self._abandon()

    def close(self, _reason: str = "") -> None:
        """Close once all that was sent before is out."""
        if not self._closing:
            self._closing = True
            with suppress(asyncio.QueueFull):
                self._queue.put_nowait(_CLOSE)

    async def receive(self) -> str | bytes:
        """The next message. Raises WebSocketDisconnect at the end."""
        message = await self._websocket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1005))
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def finish(self) -> None:
        """Close if nobody has, and end the writer."""
        self.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._writer), SEND_SECONDS)
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    def _abandon(self) -> None:
        self._closing = True
        self._writer.cancel()

    async def _write(self) -> None:
        try:
            while (message := await self._queue.get()) is not _CLOSE:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send(message)
        except (TimeoutError, WebSocketDisconnect, RuntimeError) as error:
            log.info("media socket gone while sending", error=type(error).__name__)
            self._closing = True
        finally:
            await self._close()

    async def _send(self, message: object) -> None:
        if isinstance(message, bytes):
            await self._websocket.send_bytes(message)
        else:
            await self._websocket.send_text(str(message))

    async def _close(self) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(1):
                    await self._websocket.close()
