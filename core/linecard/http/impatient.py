"""uvicorn's WebSocket without patience for peers that are gone.

By itself it waits ten seconds for the answer to a close, and for ever for a peer that takes nothing
of what was still to be sent.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from linecard.http.carrying import CLOSE_SECONDS

ABORT_SECONDS = 2.0
"""So long after the end of a socket its connection is given up, with all that nobody took."""


class ImpatientWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose connection does not outlive it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = CLOSE_SECONDS

    async def run_asgi(self) -> None:
        """The application, and then the connection's end."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(ABORT_SECONDS, self.transport.abort)
