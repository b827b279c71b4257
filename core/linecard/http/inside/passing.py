"""A whole request on its way to the process that holds its call, and the whole answer back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import msgspec
import structlog
from starlette.types import Scope

from linecard.exchange.context import Exchange
from linecard.http.inside.sealing import HEADER, seal
from linecard.trust import trusted

if TYPE_CHECKING:
    from linecard.store.instances import Instance

log = structlog.get_logger()

PATH = "/inside/pass"
MARK = "linecard.passed_on"
"""In the scope of a request that was passed on: it stays where it is."""
SECONDS = 13.0
"""Carriers wait fifteen for their answer; the process that holds the call answers within nine."""
CONNECT_SECONDS = 1.0
IDLE_SECONDS = 2.0
"""So long a connection is kept for the next request: less than the other side keeps it."""

Header = tuple[bytes, bytes]


class Passed(msgspec.Struct, frozen=True):
    """A request as it came: `path` is raw, without the prefix of the public URL; names are in small letters."""

    method: str
    path: bytes
    query: bytes
    headers: list[Header]
    body: bytes
    client: tuple[str, int] | None = None


class Returned(msgspec.Struct, frozen=True):
    """The answer to a request that was passed on."""

    status: int
    headers: list[Header]
    body: bytes

    @property
    def content_type(self) -> str:
        """What the body is; empty where it is nothing."""
        return dict(self.headers).get(b"content-type", b"").decode("latin-1")


def is_passed_on(scope: Scope) -> bool:
    """Whether another process of ours has passed the request on to this one."""
    return bool(scope.get(MARK))


def passed(scope: Scope, body: bytes) -> Passed:
    """A request to be passed on, of its ASGI scope."""
    client = scope.get("client")
    return Passed(
        method=scope["method"],
        path=scope.get("raw_path") or str(scope["path"]).encode(),
        query=scope.get("query_string", b""),
        headers=list(scope["headers"]),
        body=body,
        client=(str(client[0]), int(client[1])) if client else None,
    )


async def pass_on(exchange: Exchange, to: Instance, request: Passed) -> Returned | None:
    """The answer of another process; None, and logged, where it gives none."""
    body = msgspec.msgpack.encode(request)
    headers = {HEADER: seal(exchange.tokens, "POST", PATH, body)}
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _client(exchange).post(to.url + PATH, content=body, headers=headers)
        answer.raise_for_status()
        returned = msgspec.msgpack.decode(answer.content, type=Returned)
    except (httpx2.HTTPError, OSError, msgspec.MsgspecError) as error:
        reason = str(error) or type(error).__name__
        log.warning("a request cannot be passed on; it is answered here", to=to.name, reason=reason)
        exchange.metrics.passed_on.labels("failed").inc()
        return None
    exchange.metrics.passed_on.labels("answered").inc()
    return returned


def _client(exchange: Exchange) -> httpx2.AsyncClient:
    """One for all requests, made with the first: connections stay open between them."""
    kept = exchange.instances.client
    if kept is None:
        timeout = httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS)
        limits = httpx2.Limits(max_connections=None, keepalive_expiry=IDLE_SECONDS)
        kept = httpx2.AsyncClient(timeout=timeout, limits=limits, trust_env=False, verify=trusted())
        exchange.instances.client = kept
    return kept
