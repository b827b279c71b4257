"""The server's end of `linecard doctor`: what has arrived of a probe, and an echo in the line's codec.

It stands before all routes and acts on nothing but a pass that this server's secret has signed, once.
A probe writes nothing, reads no call and is counted nowhere.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from linecard.errors import NotFound, RequestRefused
from linecard.events import MediaReceived
from linecard.exchange.believing import other_address
from linecard.exchange.context import Exchange
from linecard.http.carrying import Socket, handshake
from linecard.http.socket import MediaSocket
from linecard.http.webhooks import public_url, read_body, read_pairs
from linecard.media.formats import pick_profile
from linecard.probes import HEADER, Arrival, fingerprint
from linecard.webhook import CarrierRequest, Kind

if TYPE_CHECKING:
    from linecard.carrier import StreamProtocol
    from linecard.plugins import Relay

ECHO_SECONDS = 30.0
MOST_MESSAGES = 500
"""An echo is not for carrying sound: after so long, or so much, it closes."""


class Probes:
    """Answers probes; everything else passes."""

    def __init__(self, app: ASGIApp, exchange: Exchange) -> None:
        self._app = app
        self._exchange = exchange
        self._answers = {"http": self._tell, "websocket": self._listen}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe whose pass is good, or pass the request on."""
        probed = probe(self._exchange, scope) if scope["type"] in self._answers else None
        if probed is None:
            await self._app(scope, receive, send)
            return
        await self._answers[scope["type"]](probed, scope, receive, send)

    async def _tell(self, probed: Probed, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await read_body(request)
            seen = CarrierRequest(
                method=request.method,
                url=public_url(self._exchange, scope),
                headers={name.lower(): text for name, text in request.headers.items()},
                body=body,
                pairs=read_pairs(request, body),
                kind=Kind.ANSWER,
                is_ours=True,
            )
        except RequestRefused as refusal:
            await Response(refusal.reason, refusal.status)(scope, receive, send)
            return
        arrival = msgspec.json.encode(_arrival(self._exchange, probed.relay, scope, seen))
        await Response(arrival, media_type="application/json")(scope, receive, send)

    async def _listen(self, probed: Probed, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        await echo(self._exchange, probed, scope, MediaSocket(websocket))


@dataclass(frozen=True, slots=True)
class Probed:
    """What a good pass stands for: an account, and a stream profile of its provider."""

    relay: Relay
    profile: str


def probe(exchange: Exchange, scope: Scope) -> Probed | None:
    """Whether a request is a probe; its pass is spent by asking. None for one without a good pass."""
    given = Headers(scope=scope).get(HEADER)
    if not given:
        return None
    try:
        claims = exchange.tokens.open_probe(given)
        relay = exchange.plugins.relay(claims.provider, claims.account)
    except (RequestRefused, NotFound):
        return None
    is_good = exchange.passes.spend(claims.id, claims.expires)
    return Probed(relay, claims.profile) if is_good else None


async def echo(exchange: Exchange, probed: Probed, scope: Scope, socket: Socket) -> None:
    """Tell what has arrived of an accepted socket's handshake, then play back what is said; on either lane."""
    try:
        seen = replace(handshake(exchange, scope), is_ours=True)
        arrival = _arrival(exchange, probed.relay, scope, seen)
        socket.send(msgspec.json.encode(arrival).decode())
        async with asyncio.timeout(ECHO_SECONDS):
            await socket.read_all(_Echo(socket, _protocol(probed)).take)
    except TimeoutError:
        return
    finally:
        await socket.finish()


def _arrival(exchange: Exchange, relay: Relay, scope: Scope, request: CarrierRequest) -> Arrival:
    proof, refusal, fits = _judged(relay, request)
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    path = raw.partition(b"?")[0]
    return Arrival(
        method=request.method,
        target=(path + (b"?" + query if query else b"")).decode("latin-1"),
        host=request.headers.get("host", ""),
        scheme=request.headers.get("x-forwarded-proto", ""),
        headers={name: fingerprint(text.encode()) for name, text in request.headers.items()},
        body=fingerprint(request.body),
        body_bytes=len(request.body),
        proof=proof,
        refusal=refusal,
        fits=fits,
        public_url=exchange.settings.public_url,
        version=version("linecard"),
        at=time.time(),
        refused=exchange.misfits.refused,
        misfit=exchange.misfits.last,
    )


def _judged(relay: Relay, request: CarrierRequest) -> tuple[str | None, str, str | None]:
    """How the account's provider believes a probe; else why not, and which public URL would fit."""
    if not relay.supports("verify_request"):
        return "none: the provider verifies nothing", "", None
    try:
        proof = relay.hooks.verify_request(request)
    except RequestRefused as refusal:
        return None, refusal.reason, other_address(relay, request)
    return f"{proof.kind}, strength {proof.strength}", "", None


def _protocol(probed: Probed) -> StreamProtocol | None:
    relay = probed.relay
    if not relay.supports("open_stream"):
        return None
    return relay.hooks.open_stream(pick_profile(relay.hooks.stream_profiles(), probed.profile))


class _Echo:
    """Plays back what is said, by the reader and the writer that carry calls."""

    def __init__(self, socket: Socket, protocol: StreamProtocol | None) -> None:
        self._socket = socket
        self._protocol = protocol
        self._left = MOST_MESSAGES

    def take(self, message: str | bytes) -> None:
        """One message; the last one closes."""
        self._left -= 1
        if self._protocol is None or self._left < 0:
            self._socket.close("it has said enough")
            return
        for event in self._protocol.receive(message):
            if isinstance(event, MediaReceived):
                self._socket.send(self._protocol.play(event.payload))
