"""The largest request that the management API reads."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linecard.http.api.problems import problem

LARGEST_BODY = 256 * 1024
TOO_LARGE = f"a request may have at most {LARGEST_BODY} bytes"


class BodyLimit:
    """Answers 413 to a larger body, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that is counted as it is read."""
        if scope["type"] == "http" and _announced(scope) > LARGEST_BODY:
            await problem(413, TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdecimal() else 0


def _counted(receive: Receive) -> Receive:
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise HTTPException(413, TOO_LARGE)
        return message

    return counting
