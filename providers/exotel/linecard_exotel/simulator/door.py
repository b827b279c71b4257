"""The outermost application: writes every request into the ledger, and breaks some on purpose."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from linecard.simulator.ledger import What
from linecard.simulator.serving import cut_connection
from linecard_exotel.simulator.replies import Refused
from linecard_exotel.simulator.rest import respond

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from linecard_exotel.simulator.switch import Switch

SHOWN = 20_000
PREFIXES = ("/v1/", "/exotelrecordings/")


class Door:
    """ASGI around the API. Faults touch only requests whose `METHOD /path` fits `faults.rest`."""

    def __init__(self, switch: Switch, app: ASGIApp) -> None:
        self._switch = switch
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIXES):
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
        status, reply = answer[0]["status"], answer[-1].get("body", b"")
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
            await self._switch.clock.sleep(self._switch.faults.seconds)
        if self._happens("too_many_requests", request):
            refused = Refused(429, "Too many requests", {"Retry-After": "1"})
            return respond(request, refused.reply())
        if self._happens("error_before", request):
            return respond(request, Refused(500, "Internal error, nothing done").reply())
        return None

    async def _after(
        self, request: Request, answer: list[Message], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if self._happens("drop_answer", request):
            await cut_connection(send)
        elif self._happens("error_after", request):
            broken = respond(request, Refused(500, "Internal error").reply())
            await broken(scope, receive, send)
        elif self._happens("malformed_answer", request):
            page = Response("<html>Bad Gateway", 200, media_type="text/html")
            await page(scope, receive, send)
        else:
            for message in answer:
                await send(message)

    def _happens(self, name: str, request: Request) -> bool:
        faults = self._switch.faults
        fits = re.search(faults.rest, f"{request.method} {request.url.path}") is not None
        return fits and faults.happens(name)

    def _write(self, request: Request, body: bytes, status: int, reply: bytes) -> None:
        self._switch.ledger.write(
            What.REQUEST,
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            body=_shown(body),
            status=status,
            reply=_shown(reply) if reply[:4] != b"RIFF" else "(a WAV file)",
        )


def _shown(body: bytes) -> object:
    if len(body) > SHOWN:
        return f"({len(body)} bytes)"
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
