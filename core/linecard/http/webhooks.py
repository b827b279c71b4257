"""The carriers' door: one family of routes per provider, checked before anything else is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from linecard.errors import NotFound, RequestRefused, UnsupportedByProvider
from linecard.exchange import requests
from linecard.exchange.context import Exchange
from linecard.exchange.instances import BelongsTo
from linecard.http.callers import caller
from linecard.http.inside.passing import is_passed_on, pass_on, passed
from linecard.store import BUSY_ERRORS
from linecard.webhook import CarrierRequest, Kind, Pairs, Reply, parse_form, parse_multipart

if TYPE_CHECKING:
    from linecard.plugins import Relay

log = structlog.get_logger()

LARGEST_BODY = 256 * 1024
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
METHODS = ["GET", "POST"]
FORBIDDEN = 403

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
    return [_route(exchange, path) for path in KIND_OF_ROUTE]


def _route(exchange: Exchange, path: str) -> Route:
    route = Route(f"/{{provider}}/{path}", _endpoint(exchange, path), methods=METHODS)
    # Starlette adds HEAD to GET; no carrier sends it.
    route.methods = set(METHODS)
    return route


def _endpoint(exchange: Exchange, path: str) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        relay = _relay(exchange, request)
        if isinstance(relay, Reply):
            return _response(relay)
        started = time.perf_counter()
        reply = await _answer(exchange, relay, path, request)
        taken = time.perf_counter() - started
        if is_passed_on(request.scope):  # counted where the carrier has brought it
            return _response(reply)
        exchange.metrics.answer_seconds.labels(relay.provider).observe(taken)
        exchange.metrics.webhooks.labels(relay.provider, path, str(reply.status)).inc()
        return _response(reply)

    return receive


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.content_type)


def _relay(exchange: Exchange, request: Request) -> Relay | Reply:
    """The account that the address names, before anything is read, written or counted."""
    try:
        return exchange.plugins.relay(request.path_params["provider"], _one(request, "a"))
    except NotFound:
        return Reply(404, b"no such provider or account")
    except RequestRefused as refusal:
        return Reply(refusal.status, refusal.reason.encode())


async def _answer(exchange: Exchange, relay: Relay, path: str, request: Request) -> Reply:
    trusted = exchange.settings.trusted_proxies
    try:
        carrier_request = await _read(exchange, path, request)
        return await _handled(exchange, relay, request.scope, carrier_request)
    except RequestRefused as refusal:
        return _refused(exchange, relay, path, refusal, caller(request.scope, trusted))
    except UnsupportedByProvider as missing:
        log.warning("carrier request not supported", route=path, reason=str(missing))
        return Reply(501, str(missing).encode())
    except ClientDisconnect:
        return Reply(400, b"the request broke off")
    except BUSY_ERRORS as error:
        log.error("the database is busy; the carrier is asked to try again", error=str(error))
        return Reply(503, b"busy, try again")


async def _handled(
    exchange: Exchange, relay: Relay, scope: Scope, request: CarrierRequest
) -> Reply:
    """The reply of the process that the request is for; of this one, where that gives none."""
    try:
        return await requests.handle(exchange, relay, request, stays=is_passed_on(scope))
    except BelongsTo as theirs:
        returned = await pass_on(exchange, theirs.instance, passed(scope, request.body))
    if returned is None:
        return await requests.handle(exchange, relay, request, stays=True)
    return Reply(returned.status, returned.body, returned.content_type)


def _refused(
    exchange: Exchange, relay: Relay, path: str, refusal: RequestRefused, by: str
) -> Reply:
    if refusal.status == FORBIDDEN:
        exchange.metrics.refused.labels(relay.provider).inc()
    exchange.sparing.warning(
        "carrier request refused",
        by=by,
        provider=relay.provider,
        route=path,
        reason=refusal.reason,
    )
    return Reply(refusal.status, refusal.reason.encode("utf-8", "replace"))


async def _read(exchange: Exchange, path: str, request: Request) -> CarrierRequest:
    kind, call, reference = (_one(request, name) for name in ("k", "c", "x"))
    _one(request, "t")
    body = await read_body(request)
    return CarrierRequest(
        method=request.method,
        url=public_url(exchange, request.scope),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        pairs=read_pairs(request, body),
        kind=_kind(kind) if kind else KIND_OF_ROUTE[path],
        call=call,
        reference=reference,
    )


async def read_body(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """All of a body. Raises RequestRefused where it is too large or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > largest:
                    raise RequestRefused("the request is too large", status=413)
    except TimeoutError as error:
        raise RequestRefused("the request took too long to arrive", status=408) from error
    return bytes(body)


def read_pairs(request: Request, body: bytes) -> Pairs:
    """The carrier's fields, from the body or, of a GET, from the query."""
    if request.method == "GET":
        return tuple(pair for pair in _query(request) if pair[0] not in requests.OURS)
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return parse_multipart(body, content_type)
    return parse_form(body) if kind == "application/x-www-form-urlencoded" else ()


def _query(request: Request) -> Pairs:
    return _parsed(request.scope.get("query_string", b"").decode("latin-1"))


@lru_cache(256)
def _parsed(query: str) -> Pairs:
    """Asked for each of our fields, and the same for all calls that come in."""
    return tuple(parse_qsl(query, keep_blank_values=True))


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
