"""The sidecars of a fleet's pods on loopback: `http://HOST:PORT/NAME` is that of one pod.

Each is Agones' SDK by REST: bodies are `{}`, what changes is told on `/watch/gameserver`, one JSON object a line.
`starts` sets when a sidecar begins to answer; `deaf` makes one refuse for a while.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.plugins.agones.fleet import Fleet, GameServer, IllegalMove, State

from linecard.listening import listening

MOVES = {"ready": State.READY, "shutdown": State.SHUTDOWN, "health": None}


@dataclass(slots=True)
class Sidecars:
    """`late` and `deaf` count down: so many requests of a pod fail, at first and to `shutdown`.

    `watches` counts the streams; `cut` ends those that are open.
    """

    fleet: Fleet
    late: Counter[str] = field(default_factory=Counter)
    deaf: Counter[str] = field(default_factory=Counter)
    watches: Counter[str] = field(default_factory=Counter)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/{pod}/gameserver", self._tell, methods=["GET"]),
                Route("/{pod}/watch/gameserver", self._watch, methods=["GET"]),
                Route("/{pod}/{word:str}", self._hear, methods=["POST"]),
            ]
        )

    def app_of(self, pod: str) -> ASGIApp:
        """That of one pod, at the root, where the real one stands."""
        whole = self.app()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await whole({**scope, "path": f"/{pod}{scope['path']}"}, receive, send)

        return app

    def end_streams(self) -> None:
        """As a sidecar that is restarted does."""
        self.cut.set()
        self.cut = asyncio.Event()
        for server in self.fleet:
            server.changed()

    async def _tell(self, request: Request) -> Response:
        return self._late(request) or JSONResponse(self._of(request).as_told())

    async def _watch(self, request: Request) -> Response:
        server = self._of(request)
        self.watches[server.name] += 1
        return self._late(request) or StreamingResponse(
            self._stream(server, self.cut), media_type="application/json"
        )

    async def _stream(self, server: GameServer, cut: asyncio.Event) -> AsyncIterator[bytes]:
        changed: asyncio.Queue[None] = asyncio.Queue()
        server.seen.append(changed)
        try:
            while not cut.is_set():
                yield json.dumps({"result": server.as_told()}).encode() + b"\n"
                await changed.get()
        finally:
            server.seen.remove(changed)

    async def _hear(self, request: Request) -> Response:
        word, server = request.path_params["word"], self._of(request)
        if word not in MOVES:
            return JSONResponse({"code": 5, "message": "Not Found", "details": []}, 404)
        fault = self._late(request) or self._deaf(server, word)
        if fault:
            return fault
        if await request.json() != {}:
            self.fleet.wrong.append(f"/{word} takes {{}} alone")
        server.said.append(word)
        self._move(server, MOVES[word])
        return JSONResponse({})

    def _move(self, server: GameServer, to: State | None) -> None:
        try:
            if to is not None:
                server.move(to)
        except IllegalMove as error:
            self.fleet.wrong.append(str(error))

    def _of(self, request: Request) -> GameServer:
        return self.fleet.servers[request.path_params["pod"]]

    def _late(self, request: Request) -> Response | None:
        return self._fails(self.late, request.path_params["pod"])

    def _deaf(self, server: GameServer, word: str) -> Response | None:
        return self._fails(self.deaf, server.name) if word == "shutdown" else None

    def _fails(self, counter: Counter[str], pod: str) -> Response | None:
        if counter[pod] <= 0:
            return None
        counter[pod] -= 1
        return JSONResponse({"code": 14, "message": "not yet", "details": []}, 503)


@asynccontextmanager
async def sidecars(fleet: Fleet, port: int = 0) -> AsyncIterator[tuple[Sidecars, str]]:
    """Serve them; yields them and the address that a pod's name is put behind."""
    made = Sidecars(fleet)
    async with listening(_at(made.app(), port)) as address:
        try:
            yield made, address
        finally:
            made.end_streams()


@asynccontextmanager
async def sidecar_of(made: Sidecars, pod: str) -> AsyncIterator[int]:
    """Serve that of one pod as the real one is; yields its port."""
    async with listening(_at(made.app_of(pod), 0)) as address:
        try:
            yield int(address.rpartition(":")[2])
        finally:
            made.end_streams()


def _at(app: ASGIApp, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
