"""The outermost application: writes every request into the ledger, and breaks some on purpose."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from linecard.simulator.ledger import What
from linecard.simulator.serving import cut_connection

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from linecard.simulator.machinery import Machinery

SHOWN = 20_000

Refuse = Callable[[int, str], Response]
"""The carrier's form of a refusal: from a status and a text."""


class Door:
    """ASGI around the API, which is what is below `prefixes`.

    Faults touch only requests whose `METHOD /path` fits `faults.rest`.
    """

    def __init__(
        self, machinery: Machinery, app: ASGIApp, prefixes: tuple[str, ...], refuse: Refuse
    ) -> None:
        self._machinery = machinery
        self._app = app
        self._prefixes = prefixes
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        spoiled = await self._before(request)
        if spoiled is not None:
            self._write(request, body, spoiled.status_code, bytes(spoiled.body))
            await spoiled(scope, receive, send)
            return
        answer = await self._ask(scope, body)
        status, reply = answer[0]["status"], _body(answer)
        self._write(request, body, status, reply)
        await self._after(request, answer, scope, receive, send)

    async def _ask(self, scope: Scope, body: bytes) -> list[Message]:
        answer: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        return answer

    async def _before(self, request: Request) -> Response | None:
        if self._happens("slow_answer", request):
            await self._machinery.clock.sleep(self._machinery.faults.seconds)
        if self._happens("too_many_requests", request):
            return self._refuse(429, "too many requests")
        if self._happens("error_before", request):
            return self._refuse(500, "internal error, nothing done")
        return None

    async def _after(
        self, request: Request, answer: list[Message], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if self._happens("drop_answer", request):
            await cut_connection(send)
        elif self._happens("error_after", request):
            await self._refuse(500, "internal error")(scope, receive, send)
        elif self._happens("malformed_answer", request):
            page = Response("<html>Bad Gateway", 200, media_type="text/html")
            await page(scope, receive, send)
        else:
            for message in answer:
                await send(message)

    def _happens(self, name: str, request: Request) -> bool:
        faults = self._machinery.faults
        fits = re.search(faults.rest, f"{request.method} {request.url.path}") is not None
        return fits and faults.happens(name)

    def _write(self, request: Request, body: bytes, status: int, reply: bytes) -> None:
        self._machinery.ledger.write(
            What.REQUEST,
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            body=_shown(body),
            status=status,
            reply=_shown(reply) if reply[:4] != b"RIFF" else "(a WAV file)",
        )


def _body(answer: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in answer)


def _shown(body: bytes) -> object:
    if len(body) > SHOWN:
        return f"({len(body)} bytes)"
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
