"""A stage: a small application of nobody's, the simulated Twilio, and the real SDK between them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as Reply
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

from linecard.patient import patient_clock
from linecard.simulator.serving import running, serving
from linecard_twilio.simulator import Quirks, SimulatedTwilio

OURS = "+14155550100"
THEIRS = "+919800000001"
HUMAN = "+14155550188"
SETTINGS = "x-twilio-webhooks-signature-settings"
EVENTS = ["initiated", "ringing", "answered", "completed"]


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
        self.closed = False
        self.waiting: list[tuple[Callable[[dict[str, Any]], bool], asyncio.Future[Any]]] = []

    @property
    def sid(self) -> str:
        return str(self.start["streamSid"])

    @property
    def call(self) -> str:
        return str(self.start["start"]["callSid"])

    async def say(self, event: str, **message: Any) -> None:
        await self.socket.send_text(json.dumps({"event": event, "streamSid": self.sid, **message}))

    async def play(self, audio: bytes) -> None:
        for at in range(0, len(audio), 4000):
            payload = base64.b64encode(audio[at : at + 4000]).decode()
            await self.say("media", media={"payload": payload})

    async def mark(self, name: str) -> None:
        await self.say("mark", mark={"name": name})

    async def read(self) -> None:
        """Read until the socket closes."""
        try:
            while True:
                self._take(json.loads(await self.socket.receive_text()))
        except WebSocketDisconnect:
            self.closed = True
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

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["event"] == event]

    async def until(self, event: str, name: str | None = None) -> dict[str, Any]:
        """The first message of a kind (a mark's of a name), old or new."""

        def fits(message: dict[str, Any]) -> bool:
            is_named = name is None or message.get("mark", {}).get("name") == name
            return message["event"] == event and is_named

        for message in self.messages:
            if fits(message):
                return message
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting.append((fits, future))
        return await asyncio.wait_for(future, 15)


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
    shaken: list[dict[str, str]] = field(default_factory=list)
    content_type: str = "text/xml"

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/ws/tok"

    def stream(self, tail: str = "", inside: str = "", connect: str = "", **more: str) -> str:
        extra = "".join(f' {name}="{value}"' for name, value in more.items() if name != "url")
        url = more.get("url", self.socket_url)
        return (
            f'<Response><Connect {connect}><Stream url="{url}"{extra}>{inside}</Stream></Connect>'
            f"{tail}</Response>"
        )

    def of(self, **fields: str) -> list[Received]:
        return [one for one in self.received if fields.items() <= one.fields.items()]

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def until(self, path: str, number: int) -> None:
        """Wait until so many webhooks have come to a path, in whatever order."""
        async with asyncio.timeout(20):
            while len(self.at(path)) < number:
                await asyncio.sleep(0.02)

    def statuses(self, path: str) -> list[str]:
        """The statuses reported there, in the order of their numbers and not of their arrival."""
        found = sorted(self.at(path), key=lambda one: int(one.fields["SequenceNumber"]))
        return [one.fields["CallStatus"] for one in found]

    async def webhook(self, request: Request) -> Reply:
        body = (await request.body()).decode()
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self.url}{request.url.path}{query}"
        text = body if request.method == "POST" else request.url.query
        fields = dict(parse_qsl(text, keep_blank_values=True))
        signed = self.fits(url, fields if request.method == "POST" else {}, request)
        self.received.append(
            Received(request.method, request.url.path, url, fields, dict(request.headers), signed)
        )
        return self.answer(request.url.path)

    def fits(self, url: str, params: dict[str, str], request: Any) -> bool:
        return bool(
            RequestValidator(self.token).validate(
                url,
                params,
                request.headers.get("x-twilio-signature", ""),
                get_signature_algorithm(request.headers.get(SETTINGS)),
            )
        )

    def answer(self, path: str) -> Reply:
        document = self.documents.get(path, b"")
        if isinstance(document, list):
            document = document.pop(0) if len(document) > 1 else document[0]
        if isinstance(document, int):
            return Reply(status_code=document)
        return Reply(document, media_type=self.content_type)

    async def talk(self, socket: WebSocket) -> None:
        parts = urlsplit(str(socket.url))
        url = f"ws://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        self.handshakes.append(self.fits(url, {}, socket))
        self.shaken.append({**socket.headers, "url": url})
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
                WebSocketRoute("/ws/{token:path}", self.talk),
                Route("/{path:path}", self.webhook, methods=["GET", "POST"]),
            ]
        )


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client, told to go nowhere but the simulator."""

    def __init__(self, origin: str) -> None:
        super().__init__(timeout=15)
        self._origin = origin

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        assert url.startswith(self._origin), url
        return super().request(method, url, *args, **more)


@dataclass
class Stage:
    """Everything that a test of the simulated Twilio needs."""

    app: App
    twilio: SimulatedTwilio
    sdk: Any
    origin: str

    async def rest(self, work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Call the SDK, which blocks, in a thread."""
        return await asyncio.to_thread(work, *args, **more)

    async def create(self, to: str = THEIRS, **more: Any) -> Any:
        """Make a call with the usual addresses; its instance."""
        urls: dict[str, Any] = {
            "url": f"{self.app.url}/answer",
            "status_callback": f"{self.app.url}/status",
            "status_callback_event": EVENTS,
        }
        return await self.rest(self.sdk.calls.create, from_=OURS, to=to, **(urls | more))

    async def call(self, to: str = THEIRS, **more: Any) -> str:
        """Make a call; its sid."""
        return str((await self.create(to, **more)).sid)

    async def update(self, sid: str, **more: Any) -> Any:
        return await self.rest(self.sdk.calls(sid).update, **more)


@asynccontextmanager
async def stage(speed: float = 8.0, **options: Any) -> AsyncIterator[Stage]:
    app = App()
    async with AsyncExitStack() as stack:
        app.url = await stack.enter_async_context(serving(app.starlette()))
        clock = await stack.enter_async_context(patient_clock(speed))
        carrier = SimulatedTwilio(app.url, clock=clock, **options)
        url = await stack.enter_async_context(running(carrier, app.url))
        own = carrier.environment(url)
        app.token = own["TWILIO_AUTH_TOKEN"]
        http = _Http(own["TWILIO_API_URL"])
        sdk = Client(own["TWILIO_ACCOUNT_SID"], app.token, http_client=http)
        sdk.api.base_url = sdk.pricing.base_url = url
        stack.callback(lambda: http.session and http.session.close())
        yield Stage(app, carrier, sdk, url)
    assert carrier.switch.tasks.failures == 0


@pytest.fixture
async def on_stage(quirks: Quirks) -> AsyncIterator[Stage]:
    """A stage whose switches a test may set by a `quirks` fixture of its own."""
    async with stage(quirks=quirks) as set_up:
        yield set_up


@pytest.fixture
def quirks() -> Quirks:
    return Quirks(calls_per_second=50)


@pytest.fixture
def spoken() -> bytes:
    """A second of sound in mu-law in which no two samples that follow are alike; 0x7f is a second zero."""
    return bytes((at * 131) % 251 for at in range(8000)).replace(b"\x7f", b"\x10")


@pytest.fixture(autouse=True)
def quiet_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
