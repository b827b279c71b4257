"""The largest request that the management API reads."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linecard.http.api.problems import problem

LARGEST_BODY = 256 * 1024
NAME = "x-linecard-largest-body"
"""Where a plugin's route may say (`openapi_extra`) that it reads more, in bytes."""


class BodyLimit:
    """Answers 413 to a larger body, announced or not."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute] = ()) -> None:
        self._app = app
        found = [(route, _own_word(route)) for route in routes]
        self._own = tuple((route, largest) for route, largest in found if largest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that is counted as it is read."""
        largest = self._largest(scope)
        if scope["type"] == "http" and _announced(scope) > largest:
            await problem(413, _too_large(largest))(scope, receive, send)
            return
        await self._app(scope, _counted(receive, largest), send)

    def _largest(self, scope: Scope) -> int:
        fits = (largest for route, largest in self._own if route.matches(scope)[0] is Match.FULL)
        return next(fits, LARGEST_BODY)


def _own_word(route: BaseRoute) -> int:
    return int((getattr(route, "openapi_extra", None) or {}).get(NAME, 0))


def _too_large(largest: int) -> str:
    return f"a request may have at most {largest} bytes"


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdecimal() else 0


def _counted(receive: Receive, largest: int) -> Receive:
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > largest:
            raise HTTPException(413, _too_large(largest))
        return message

    return counting
