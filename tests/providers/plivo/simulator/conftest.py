"""A stage: a small application of nobody's, the simulated Plivo, and the real SDK between them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import plivo
import pytest
from plivo.utils import validate_v3_signature
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as Reply
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from linecard.patient import patient_clock
from linecard.simulator.serving import running, serving
from linecard_plivo.simulator import Quirks, SimulatedPlivo

OURS = "+14155550100"
THEIRS = "+919800000001"
HUMAN = "+14155550188"


@dataclass(frozen=True)
class Received:
    """One webhook as the application got it."""

    method: str
    path: str
    url: str
    fields: dict[str, str]
    headers: dict[str, str]
    is_signed: bool


class Talk:
    """The application's end of one media socket."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.start: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        self.heard = bytearray()
        self.waiting: list[tuple[Callable[[dict[str, Any]], bool], asyncio.Future[Any]]] = []

    async def say(self, **message: Any) -> None:
        await self.socket.send_text(json.dumps(message))

    async def play(self, audio: bytes, kind: str = "audio/x-l16", rate: int | str = 8000) -> None:
        for at in range(0, len(audio), 8000):
            payload = base64.b64encode(audio[at : at + 8000]).decode()
            media = {"contentType": kind, "sampleRate": rate, "payload": payload}
            await self.say(event="playAudio", media=media)

    async def read(self) -> None:
        """Read until the socket closes."""
        try:
            while True:
                self._take(json.loads(await self.socket.receive_text()))
        except WebSocketDisconnect:
            for _, future in self.waiting:
                future.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        if message["event"] == "start":
            self.start = message
        elif message["event"] == "media":
            self.heard += base64.b64decode(message["media"]["payload"])
        self.messages.append(message)
        for fits, future in self.waiting:
            if not future.done() and fits(message):
                future.set_result(message)

    async def until(self, event: str, **facts: Any) -> dict[str, Any]:
        """The first message of a kind, old or new."""

        def fits(message: dict[str, Any]) -> bool:
            return message["event"] == event and all(
                message.get(name) == value for name, value in facts.items()
            )

        for message in self.messages:
            if fits(message):
                return message
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting.append((fits, future))
        return await asyncio.wait_for(future, 10)


Document = str | bytes | int | list[Any]
Part = Callable[[Talk], Awaitable[None]]


@dataclass
class App:
    """Answers each path with a document (a list: one after the other), and talks on sockets."""

    token: str = ""
    url: str = ""
    documents: dict[str, Document] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    parts: list[Part | int] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    handshakes: list[bool] = field(default_factory=list)

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/ws/tok?run=42"

    def stream(self, attributes: str = "", tail: str = "") -> str:
        kind = "" if "contentType" in attributes else 'contentType="audio/x-l16;rate=8000"'
        return (
            f'<Response><Stream bidirectional="true" keepCallAlive="true" {kind} {attributes}>'
            f"{self.socket_url}</Stream>{tail}</Response>"
        )

    def of(self, event: str) -> list[Received]:
        return [one for one in self.received if one.fields.get("Event") == event]

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def webhook(self, request: Request) -> Reply:
        body = (await request.body()).decode()
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self.url}{request.url.path}{query}"
        text = body if request.method == "POST" else request.url.query
        fields = dict(parse_qsl(text, keep_blank_values=True))
        signed = self.fits(request.method, url, fields if request.method == "POST" else {}, request)
        self.received.append(
            Received(request.method, request.url.path, url, fields, dict(request.headers), signed)
        )
        return self.answer(request.url.path)

    def fits(self, method: str, url: str, params: dict[str, str], request: Any) -> bool:
        return bool(
            validate_v3_signature(
                method,
                url,
                request.headers.get("x-plivo-signature-v3-nonce", ""),
                self.token,
                request.headers.get("x-plivo-signature-v3", ""),
                params,
            )
        )

    def answer(self, path: str) -> Reply:
        document = self.documents.get(path, b"")
        if isinstance(document, list):
            document = document.pop(0) if len(document) > 1 else document[0]
        if isinstance(document, int):
            return Reply(status_code=document)
        return Reply(document, media_type="application/xml")

    async def talk(self, socket: WebSocket) -> None:
        parts = urlsplit(str(socket.url))
        url = f"http://{parts.netloc}{parts.path}?{parts.query}"
        self.handshakes.append(self.fits("GET", url, {}, socket))
        part = self.parts.pop(0) if len(self.parts) > 1 else self.parts[0]
        if isinstance(part, int):
            await socket.close(part)
            return
        await socket.accept()
        talk = Talk(socket)
        self.talks.append(talk)
        reading = asyncio.create_task(talk.read())
        try:
            await part(talk)
        finally:
            await asyncio.wait({reading}, timeout=5)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def starlette(self) -> Starlette:
        return Starlette(
            routes=[
                WebSocketRoute("/ws/{token}", self.talk),
                Route("/{path:path}", self.webhook, methods=["GET", "POST"]),
            ]
        )


class _ToSimulator(HTTPAdapter):
    """Sends what the SDK means for Plivo to the simulator; the SDK has no such setting."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        request.url = (request.url or "").replace("https://api.plivo.com", self._origin)
        kwargs["proxies"] = {}
        return super().send(request, *args, **kwargs)


@dataclass
class Stage:
    """Everything that a test of the simulated Plivo needs."""

    app: App
    plivo: SimulatedPlivo
    sdk: Any

    async def rest(self, work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Call the SDK, which blocks, in a thread."""
        return await asyncio.to_thread(work, *args, **more)

    async def create(self, to: str = THEIRS, **more: Any) -> Any:
        """Make a call with the usual addresses; its reply."""
        urls = {"answer_url": f"{self.app.url}/answer", "hangup_url": f"{self.app.url}/hangup"}
        return await self.rest(self.sdk.calls.create, from_=OURS, to_=to, **(urls | more))

    async def call(self, to: str = THEIRS, **more: Any) -> str:
        """Make a call; its uuid."""
        return str((await self.create(to, **more)).request_uuid)


@asynccontextmanager
async def stage(speed: float = 8.0, **options: Any) -> AsyncIterator[Stage]:
    app = App()
    async with AsyncExitStack() as stack:
        app.url = await stack.enter_async_context(serving(app.starlette()))
        clock = await stack.enter_async_context(patient_clock(speed))
        carrier = SimulatedPlivo(app.url, clock=clock, **options)
        url = await stack.enter_async_context(running(carrier, app.url))
        own = carrier.environment(url)
        app.token = own["PLIVO_AUTH_TOKEN"]
        sdk = plivo.RestClient(own["PLIVO_AUTH_ID"], own["PLIVO_AUTH_TOKEN"])
        sdk.session.mount("https://api.plivo.com/", _ToSimulator(url))
        stack.callback(sdk.session.close)
        stack.callback(sdk.multipart_session.close)
        yield Stage(app, carrier, sdk)
    assert carrier.switch.tasks.failures == 0


@pytest.fixture
async def on_stage() -> AsyncIterator[Stage]:
    async with stage() as set_up:
        yield set_up


@pytest.fixture
def quirks() -> Quirks:
    return Quirks()


@pytest.fixture
async def on_stage_with(quirks: Quirks) -> AsyncIterator[Stage]:
    """A stage whose switches the test's own `quirks` fixture sets."""
    async with stage(quirks=quirks) as set_up:
        yield set_up


@pytest.fixture
def spoken() -> bytes:
    """A second of sound in which no two samples that follow are alike."""
    return b"".join(
        ((at * 7919) % 30000 - 15000).to_bytes(2, "little", signed=True) for at in range(8000)
    )


@pytest.fixture(autouse=True)
def quiet_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
