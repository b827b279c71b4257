"""Faults of our own in the management API: logged once, answered as a problem document."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linecard.http.api.problems import problem

log = structlog.get_logger()

OURS = "a fault of the server; its log has the details"


class FaultsAnswered:
    """Turns what no handler knows into 500. A fault in the middle of a download cuts the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch over the answer."""
        begun = False

        async def watching(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watching)
        except Exception:
            log.exception("fault in the API", method=scope.get("method"), path=scope.get("path"))
            if begun:
                raise
            await problem(500, OURS)(scope, receive, send)
