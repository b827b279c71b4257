"""Requests of the management API that another process must answer: commands on its live calls, and dials while this one drains."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linecard.exchange.context import Exchange
from linecard.http.inside.passing import is_passed_on, pass_on, passed

if TYPE_CHECKING:
    from linecard.store.instances import Instance

COMMAND = re.compile(r"/calls/([^/]+)/(?:hangup|transfer|dtmf|recording)")
DIAL = "/calls"
KEPT = frozenset({b"content-type", b"retry-after", b"location"})
"""Of an answer's headers: the others are the connection's own."""


class CommandsPassed:
    """Stands inside the key: what is passed on was asked by somebody who may."""

    def __init__(self, app: ASGIApp, exchange: Exchange) -> None:
        self._app = app
        self._exchange = exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the answer of the process that must answer, or pass the request to this one's routes."""
        theirs = await self._holder(scope) if scope["type"] == "http" else None
        if theirs is None:
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        returned = await pass_on(self._exchange, theirs, passed(scope, body))
        if returned is None:
            await self._app(scope, _again(body, receive), send)
            return
        answer = Response(returned.body, returned.status)
        answer.raw_headers += [one for one in returned.headers if one[0].lower() in KEPT]
        await answer(scope, receive, send)

    async def _holder(self, scope: Scope) -> Instance | None:
        instances = self._exchange.instances
        if instances.name is None or scope["method"] != "POST" or is_passed_on(scope):
            return None
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        found = COMMAND.fullmatch(path)
        if found is not None and found[1] not in self._exchange.lives:
            return await instances.holder_of(found[1])
        is_refused = path == DIAL and not self._exchange.doors.is_open
        return instances.relief() if is_refused else None


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving
