"""Where pods are linked to the server, on a listener that no carrier reaches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from linecard.exchange.admission import admit
from linecard.exchange.far.facts import Handshake, read
from linecard.exchange.far.pod import FarPod, IsOurs
from linecard.http.carrying import handshake, refused
from linecard.pods.link import LinkLost

if TYPE_CHECKING:
    from linecard.exchange.admission import Admitted
    from linecard.exchange.context import Exchange

log = structlog.get_logger()

LINK = "/pods/link"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
BEARER = "bearer "


def pods_app(exchange: Exchange) -> ASGIApp:
    """`/pods/link?pod=NAME`, with the pod's key or its fleet's as a bearer's token."""

    async def link(websocket: WebSocket) -> None:
        name = websocket.query_params.get("pod", "")
        if not _is_ours(exchange, websocket, name):
            await websocket.close()
            return
        await _serve(exchange, name, websocket)

    return Starlette(routes=[WebSocketRoute(LINK, link)])


def _is_ours(exchange: Exchange, websocket: WebSocket, name: str) -> bool:
    given = websocket.headers.get("authorization", "")
    is_bearer = given[: len(BEARER)].lower() == BEARER
    fits = is_bearer and exchange.tokens.is_pod_key(given[len(BEARER) :].strip(), name)
    if not fits or not NAME.fullmatch(name):
        exchange.sparing.warning("a pod was refused", pod=name[:63], has_key=str(fits))
        return False
    if name in exchange.pods:
        log.warning("a second pod of one name was refused", pod=name)
        return False
    return True


async def _serve(exchange: Exchange, name: str, websocket: WebSocket) -> None:
    async def let_in(facts: Mapping[str, Any], is_ours: IsOurs) -> Admitted:
        return await _let_in(exchange, facts, is_ours)

    # Known by its name before anything is waited for: no second one of that name comes in between.
    pod = exchange.pods[name] = FarPod(exchange, name, _Wire(websocket), let_in)
    try:
        await websocket.accept()
        exchange.pods_changed.set()
        await pod.serve()
    finally:
        del exchange.pods[name]


async def _let_in(exchange: Exchange, facts: Mapping[str, Any], is_ours: IsOurs) -> Admitted:
    """Judge a handshake that reached a pod as if it had come here. Raises RequestRefused, InvalidField."""
    given = read(Handshake, facts)
    path = given.path.encode("latin-1")
    scope = {
        "type": "websocket",
        "path": given.path,
        "raw_path": path,
        "query_string": given.query.encode("latin-1"),
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in given.headers
        ],
        "client": None,
    }
    with refused(exchange, given.provider, scope):
        request = handshake(exchange, scope)
        return await admit(exchange, given.provider, given.token, request, is_ours)


class _Wire:
    """A pod's socket. Both methods raise LinkLost at its end."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, text: str) -> None:
        """Send a text."""
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise LinkLost("the pod is gone") from error

    async def receive(self) -> str:
        """The next text."""
        try:
            return await self._websocket.receive_text()
        except (WebSocketDisconnect, RuntimeError, KeyError) as error:
            raise LinkLost("the pod is gone") from error
