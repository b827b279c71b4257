"""A media socket: read until it is gone, written through one queue with a deadline on every send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from linecard.http.carrying import SEND_SECONDS

log = structlog.get_logger()

LONGEST_QUEUE = 2000
_CLOSE = object()


class MediaSocket:
    """An accepted WebSocket that may be written to without waiting.

    A peer that stops reading ends the reading too: it may well go on sending for ever.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._queue: asyncio.Queue[object] = asyncio.Queue(LONGEST_QUEUE)
        self._writer = asyncio.create_task(self._write(), name="media socket")
        self._reading: asyncio.Timeout | None = None
        self._closed_because = ""
        self._is_lost = False

    def send(self, message: str | bytes) -> None:
        """Queue a message; a peer so slow that the queue is full is cut off."""
        if not self._closed_because:
            self._put(message)

    def close(self, reason: str = "") -> None:
        """Close once all that was sent before is out."""
        if not self._closed_because:
            self._closed_because = reason or "closed by us"
            self._put(_CLOSE)

    def _put(self, message: object) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._writer.cancel()
            self._cut_off()

    async def receive(self) -> str | bytes:
        """The next message. Raises WebSocketDisconnect at the end."""
        message = await self._websocket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1005), message.get("reason"))
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def read_all(self, take: Callable[[str | bytes], None]) -> str:
        """Hand over every message until the socket is gone; why it went."""
        try:
            async with asyncio.timeout(0 if self._is_lost else None) as self._reading:
                while True:
                    take(await self.receive())
        except WebSocketDisconnect as gone:
            return self._closed_because or f"closed by the carrier ({gone.code})"
        except TimeoutError:
            return self._closed_because
        finally:
            self._reading = None

    async def finish(self) -> None:
        """Close if nobody has, and end the writer."""
        self.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._writer), SEND_SECONDS)
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    def _cut_off(self) -> None:
        log.warning("the carrier takes no messages; its socket is cut off")
        self._lose("the carrier reads too slowly")

    def _lose(self, reason: str) -> None:
        """Nothing can be sent any more, so nothing need be read."""
        self._is_lost = True
        self._closed_because = self._closed_because or reason
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time())

    async def _write(self) -> None:
        try:
            while (message := await self._queue.get()) is not _CLOSE:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send(message)
        except TimeoutError:
            self._cut_off()
        except (WebSocketDisconnect, RuntimeError):
            self._lose("closed by the carrier")
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
