"""The listener for other processes of ours: requests and media sockets of calls that this one holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import unquote

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Scope

from linecard.errors import RequestRefused
from linecard.exchange.context import Exchange
from linecard.http.carrying import judge
from linecard.http.health import health_routes
from linecard.http.inside.passing import MARK, PATH, Passed, Returned
from linecard.http.inside.sealing import HEADER, Seals
from linecard.http.media import media_endpoint
from linecard.http.prefix import StripPrefix, prefix_of
from linecard.http.webhooks import read_body, webhook_routes

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024
"""A request of the largest size, with its headers."""


def inside_app(exchange: Exchange, api: ASGIApp) -> ASGIApp:
    """What other processes of ours may reach; `api` is what stands under `/api`."""
    held = Starlette(routes=[Mount("/api", api), *webhook_routes(exchange)])
    held.router.redirect_slashes = False
    routes: list[BaseRoute] = [
        *health_routes(exchange),
        Route(PATH, _endpoint(exchange, held), methods=["POST"]),
        WebSocketRoute("/ws/{provider}/{token}", media_endpoint(partial(judge, exchange))),
    ]
    return StripPrefix(Starlette(routes=routes), prefix_of(exchange.settings.public_url))


def _endpoint(exchange: Exchange, held: ASGIApp) -> Callable[[Request], Awaitable[Response]]:
    seals = Seals()

    async def receive(request: Request) -> Response:
        try:
            body = await read_body(request, LARGEST_BODY)
        except RequestRefused as refusal:
            return Response(refusal.reason, refusal.status)
        given = request.headers.get(HEADER, "")
        if not seals.fits(exchange.tokens, given, request.method, PATH, body):
            exchange.sparing.warning("a request from inside is not from a process of ours")
            return Response("not from a process of ours", 403)
        returned = await answered(held, msgspec.msgpack.decode(body, type=Passed))
        return Response(msgspec.msgpack.encode(returned), media_type="application/msgpack")

    return receive


async def answered(app: ASGIApp, request: Passed) -> Returned:
    """What an application answers to a request that was passed on; 500 where it fails."""
    answer = _Answer(request.body)
    try:
        await app(_scope(request), answer.receive, answer.send)
    except Exception:
        log.exception("a request that was passed on failed")
        return Returned(500, [], b"")
    return Returned(answer.status, answer.headers, bytes(answer.body))


class _Answer:
    """An answer as it is made."""

    def __init__(self, asked: bytes) -> None:
        self.status, self.headers, self.body = 500, list[tuple[bytes, bytes]](), bytearray()
        self._asked: bytes | None = asked
        self._never = asyncio.Event()

    async def receive(self) -> Message:
        """The body, and then nothing: whoever has passed it on waits for the answer."""
        if self._asked is None:
            await self._never.wait()
        body, self._asked = self._asked, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(bytes(name), bytes(value)) for name, value in message["headers"]]
        else:
            self.body += message.get("body", b"")


def _scope(request: Passed) -> Scope:
    """As the server would have made it, marked."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(request.path.decode("latin-1")),
        "raw_path": request.path,
        "query_string": request.query,
        "root_path": "",
        "headers": request.headers,
        "client": request.client,
        "server": None,
        "state": {},
        MARK: True,
    }
