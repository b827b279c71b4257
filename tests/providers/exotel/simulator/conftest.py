"""A stage: a small application of nobody's, the simulated Exotel, and plain HTTP between them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response as Reply
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from linecard import Pairs, parse_multipart
from linecard.patient import patient_clock
from linecard.simulator.serving import running, serving
from linecard_exotel.simulator import Quirks, SimulatedExotel

OURS = "+918047113155"
THEIRS = "+919441233609"
HUMAN = "+919812345678"
CHUNK = 3200


@dataclass(frozen=True)
class Received:
    """One request as the application got it."""

    method: str
    path: str
    pairs: Pairs
    body: bytes
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.pairs)


class Talk:
    """The application's end of one media socket."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.start: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        self.heard = bytearray()
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting: list[tuple[Callable[[dict[str, Any]], bool], asyncio.Future[Any]]] = []

    @property
    def sid(self) -> str:
        return str(self.start.get("stream_sid") or self.start.get("streamSid"))

    async def say(self, event: str, **message: Any) -> None:
        whole = {"event": event, "stream_sid": self.sid, **message}
        await self.socket.send_text(json.dumps(whole))

    async def play(self, audio: bytes, chunk: int = CHUNK) -> None:
        for at in range(0, len(audio), chunk):
            payload = base64.b64encode(audio[at : at + chunk]).decode()
            await self.say("media", media={"payload": payload})

    async def mark(self, name: str) -> None:
        await self.say("mark", mark={"name": name})

    async def read(self) -> None:
        """Read until the socket closes."""
        try:
            while True:
                self._take(json.loads(await self.socket.receive_text()))
        except WebSocketDisconnect as error:
            self.closed.set_result(error.code)
            for _, future in self.waiting:
                future.cancel("the socket is closed")

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

    async def until(
        self, event: str, fits: Callable[[dict[str, Any]], bool] = lambda message: True
    ) -> dict[str, Any]:
        """The first message of a kind, old or new."""

        def fitting(message: dict[str, Any]) -> bool:
            return message["event"] == event and fits(message)

        for message in self.messages:
            if fitting(message):
                return message
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting.append((fitting, future))
        return await asyncio.wait_for(future, 10)


Answer = Reply | dict[str, Any] | int
Part = Callable[[Talk], Awaitable[None]]


@dataclass
class App:
    """Answers each path as the test says (a list: one after the other), and talks on sockets."""

    url: str = ""
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    parts: list[Part | int] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    handshakes: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/ws/token"

    def pasted(self, *kinds: str, userinfo: str = "") -> list[str]:
        """The addresses of a number's flow, as an application would have them pasted."""
        base = self.url.replace("://", f"://{userinfo}@") if userinfo else self.url
        return [f"{base}/{kind}?a=main&k={kind}&x=N.proof&t=tok" for kind in kinds]

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def webhook(self, request: Request) -> Reply:
        body = await request.body()
        query = tuple(request.query_params.multi_items())
        kind = request.headers.get("content-type", "")
        form = parse_multipart(body, kind) if kind.startswith("multipart/") else ()
        self.received.append(
            Received(request.method, request.url.path, query + form, body, dict(request.headers))
        )
        await asyncio.sleep(self.delays.get(request.url.path, 0))
        return self.answer(request.url.path)

    def answer(self, path: str) -> Reply:
        answer = self.answers.get(path, 200)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, int):
            return Reply(status_code=answer)
        return JSONResponse(answer) if isinstance(answer, dict) else answer

    async def talk(self, socket: WebSocket) -> None:
        url = f"{socket.url.path}?{socket.url.query}" if socket.url.query else socket.url.path
        self.handshakes.append((url, dict(socket.headers)))
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


@dataclass
class Stage:
    """Everything that a test of the simulated Exotel needs."""

    app: App
    exotel: SimulatedExotel
    rest: httpx2.AsyncClient
    sid: str

    async def connect(self, path: str = "connect.json", **fields: Any) -> httpx2.Response:
        """Calls/connect to a stream, unless the fields say otherwise; its reply. None leaves out."""
        usual = {"From": THEIRS, "CallerId": "08047113155", "StatusCallback": f"{self.app.url}/end"}
        if "Url" not in fields:
            usual |= {"StreamUrl": self.app.socket_url, "StreamType": "bidirectional"}
        given = {name: value for name, value in (usual | fields).items() if value is not None}
        return await self.rest.post(f"Calls/{path}", data=given)

    async def call(self, **fields: Any) -> str:
        """Calls/connect; its CallSid."""
        reply = await self.connect(**fields)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["Call"]["Sid"])

    def flow_url(self, flow_id: str = "4711") -> str:
        return f"http://my.exotel.com/{self.sid}/exoml/start_voice/{flow_id}"

    def set_up(self, *kinds: str, userinfo: str = "") -> None:
        """Build the flow of our number; its Voicebots get our socket."""
        for kind in ("answer", "return"):
            self.app.answers.setdefault(f"/{kind}", {"url": self.app.socket_url})
        self.exotel.set_up(OURS, self.app.pasted(*kinds, userinfo=userinfo))


@asynccontextmanager
async def stage(speed: float = 8.0, **options: Any) -> AsyncIterator[Stage]:
    app = App(parts=[closes_at_once])
    async with AsyncExitStack() as stack:
        app.url = await stack.enter_async_context(serving(app.starlette()))
        clock = await stack.enter_async_context(patient_clock(speed))
        carrier = SimulatedExotel(app.url, clock=clock, **options)
        url = await stack.enter_async_context(running(carrier, app.url))
        own = carrier.environment(url)
        rest = httpx2.AsyncClient(
            base_url=f"{own['EXOTEL_API_URL']}/v1/Accounts/{own['EXOTEL_SID']}/",
            auth=(own["EXOTEL_API_KEY"], own["EXOTEL_API_TOKEN"]),
            trust_env=False,
            timeout=30,
        )
        await stack.enter_async_context(rest)
        yield Stage(app, carrier, rest, own["EXOTEL_SID"])
    assert carrier.switch.tasks.failures == 0


async def closes_at_once(talk: Talk) -> None:
    """Close as soon as the stream has started."""
    await talk.until("start")
    await talk.socket.close()


async def stays(talk: Talk) -> None:
    """Stay until the carrier closes."""
    await talk.closed


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
