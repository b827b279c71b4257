"""The carriers' door: one family of routes per provider, checked before anything else is read."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl

import structlog
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from linecard.errors import NotFound, RequestRefused, UnsupportedByProvider
from linecard.exchange import requests
from linecard.exchange.context import Exchange
from linecard.webhook import CarrierRequest, Kind, Pairs, Reply, parse_form

log = structlog.get_logger()

LARGEST_BODY = 256 * 1024
OURS = frozenset({"a", "c", "k", "x", "t"})
METHODS = ["GET", "POST"]

KIND_OF_ROUTE: Mapping[str, Kind] = MappingProxyType(
    {
        "answer": Kind.ANSWER,
        "dial-up": Kind.NEXT,
        "callback/status": Kind.ENDED,
        "callback/details": Kind.RECORDING,
        "callback/transfer": Kind.DIALED,
    }
)
"""What a route means where its address carries no kind of ours: one that a person typed in."""


def webhook_routes(exchange: Exchange) -> list[Route]:
    """The five routes below `/{provider}/`."""
    return [
        Route(f"/{{provider}}/{path}", _endpoint(exchange, path), methods=METHODS)
        for path in KIND_OF_ROUTE
    ]


def _endpoint(exchange: Exchange, path: str) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        started = time.perf_counter()
        provider = request.path_params["provider"]
        reply = await _answer(exchange, provider, path, request)
        exchange.metrics.answer_seconds.labels(provider).observe(time.perf_counter() - started)
        return Response(reply.body, reply.status, media_type=reply.content_type)

    return receive


async def _answer(exchange: Exchange, provider: str, path: str, request: Request) -> Reply:
    try:
        carrier_request = await _read(exchange, path, request)
        relay = exchange.plugins.relay(provider, _one(request, "a"))
        reply = await requests.handle(exchange, relay, carrier_request)
    except NotFound:
        return Reply(404, b"no such provider or account")
    except RequestRefused as refusal:
        log.warning("carrier request refused", provider=provider, route=path, reason=refusal.reason)
        return Reply(refusal.status, refusal.reason.encode())
    except UnsupportedByProvider as missing:
        log.warning("carrier request not supported", provider=provider, reason=str(missing))
        return Reply(501, str(missing).encode())
    except OperationalError as error:
        log.error("the database is busy; the carrier is asked to try again", error=str(error.orig))
        return Reply(503, b"busy, try again")
    exchange.metrics.webhooks.labels(provider, path, str(reply.status)).inc()
    return reply


async def _read(exchange: Exchange, path: str, request: Request) -> CarrierRequest:
    body = await _body(request)
    kind = _one(request, "k")
    return CarrierRequest(
        method=request.method,
        url=public_url(exchange, request.scope),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        pairs=_pairs(request, body),
        kind=_kind(kind) if kind else KIND_OF_ROUTE[path],
        call=_one(request, "c"),
        reference=_one(request, "x"),
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise RequestRefused("the request is too large", status=413)
    return bytes(body)


def _pairs(request: Request, body: bytes) -> Pairs:
    if request.method == "GET":
        return tuple(pair for pair in _query(request) if pair[0] not in OURS)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return parse_form(body) if content_type == "application/x-www-form-urlencoded" else ()


def _query(request: Request) -> Pairs:
    return tuple(parse_qsl(request.url.query, keep_blank_values=True))


def _one(request: Request, name: str) -> str | None:
    """One of our own query fields; given twice, the address is not ours."""
    values = [value for key, value in _query(request) if key == name]
    if len(values) > 1:
        raise RequestRefused(f"the field {name!r} stands twice in the address", status=400)
    return values[0] if values else None


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError as error:
        raise RequestRefused("the address is not one that we gave out") from error


def public_url(exchange: Exchange, scope: Scope) -> str:
    """The address as the carrier sees it: our own public URL and the path and query that came in.

    The Host header and forwarded headers are never believed.
    """
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode()
    path = raw.partition(b"?")[0].decode("ascii", "replace")
    query = scope.get("query_string", b"").decode("ascii", "replace")
    return f"{exchange.settings.public_url}{path}" + (f"?{query}" if query else "")
