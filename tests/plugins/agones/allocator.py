"""agones-allocator on loopback: its REST gateway, with real TLS and client certificates.

As strict as the real one about what it needs, and stricter about what it would ignore: a field that
`allocation.proto` does not have is refused. `said` scripts the next answers; then it is truthful again.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.plugins.agones.authorities import Authority, Pair
from tests.plugins.agones.fleet import Fleet, GameServer

from linecard.listening import listening

TEXT, TEXTS = str, Mapping[str, str]
LABEL_KEY = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?"
)
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?")


class Mode(Enum):
    """How an answer goes."""

    TRUE = auto()
    CONTENTION = auto()
    SAME_AGAIN = auto()
    """The pod that was allocated last is named once more."""
    NO_ADDRESS = auto()
    NO_PORT = auto()
    OTHER_PORT = auto()
    PORT_AS_TEXT = auto()
    PORT_TOO_LARGE = auto()
    PORTS_AS_OBJECT = auto()
    NO_NAME = auto()
    STRANGE_NAME = auto()
    STRANGE_ADDRESS = auto()
    NO_JSON = auto()
    A_LIST = auto()
    NO_TEXT = auto()
    ENDLESS = auto()
    HELD = auto()
    """Never answered."""
    HELD_WITHIN = auto()
    """Begun, and never ended."""
    FAULT = auto()
    UNAVAILABLE = auto()
    INVALID = auto()
    """Kubernetes' 422, as it comes through the gateway."""
    FORBIDDEN = auto()
    ELSEWHERE = auto()
    """A redirect."""


def status(http: int, code: int, message: str) -> Response:
    """An error of the gateway."""
    return JSONResponse({"code": code, "message": message, "details": []}, http)


def none_free() -> Response:
    """UnAllocated."""
    return status(429, 8, "there is no available GameServer to allocate")


class FakeAllocator:
    """The service. `script` are the modes of the next answers; `asked` is what it was asked, `peers` from where."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.script: list[Mode] = []
        self.none_free: Callable[[], Response] = none_free
        self.asked: list[dict[str, Any]] = []
        self.peers: list[object] = []
        self._last: GameServer | None = None
        self._released = asyncio.Event()
        self.app = Starlette(
            routes=[Route("/gameserverallocation", self._answer, methods=["POST"])]
        )

    def release(self) -> None:
        """Let go of what is held back."""
        self._released.set()

    async def _answer(self, request: Request) -> Response:
        self.peers.append(request.client)
        mode = self.script.pop(0) if self.script else Mode.TRUE
        try:
            wanted = json.loads(await request.body())
        except ValueError:
            return status(400, 3, "invalid character")
        self.asked.append(wanted)
        fault = wrong_with(wanted)
        if fault:
            self.fleet.wrong.append(fault)
            return status(400, 3, fault)
        return await SAID[mode](self, wanted)

    def allocated(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        """One of the fleet, as it is told."""
        if not self._fits(wanted):
            return None
        meta = wanted.get("metadata", {})
        server = self.fleet.allocate(meta.get("labels", {}), meta.get("annotations", {}))
        self._last = server or self._last
        return None if server is None else told(server)

    def _fits(self, wanted: Mapping[str, Any]) -> bool:
        selectors = wanted.get("gameServerSelectors") or [{}]
        labels = selectors[0].get("matchLabels", {})
        is_ours = labels.get("agones.dev/fleet", self.fleet.name) == self.fleet.name
        return bool(wanted["namespace"] == self.fleet.namespace and is_ours)

    def true(self, wanted: Mapping[str, Any]) -> Response:
        """What is so."""
        said = self.allocated(wanted)
        return self.none_free() if said is None else JSONResponse(said)

    def lie(self, wanted: Mapping[str, Any], **other: Any) -> Response:
        """An allocation, told otherwise."""
        said = self.allocated(wanted)
        return self.none_free() if said is None else JSONResponse({**said, **other})

    def same_again(self, wanted: Mapping[str, Any]) -> Response:
        """The last one, which is somebody else's."""
        return self.true(wanted) if self._last is None else JSONResponse(told(self._last))

    async def hold(self) -> None:
        """Until it is released."""
        await self._released.wait()


def told(server: GameServer) -> dict[str, Any]:
    """An AllocationResponse, with all fields, as the gateway writes it."""
    return {
        "gameServerName": server.name,
        "ports": [{"name": "metrics", "port": 9100}, {"name": "media", "port": server.port}],
        "address": "192.0.2.7",
        "addresses": [
            {"type": "InternalIP", "address": "192.0.2.7"},
            {"type": "Hostname", "address": "node-1"},
            {"type": "PodIP", "address": server.address},
        ],
        "nodeName": "node-1",
        "source": "local",
        "metadata": {"labels": server.labels, "annotations": server.annotations},
        "counters": {},
        "lists": {},
    }


Said = Callable[[FakeAllocator, Mapping[str, Any]], Awaitable[Response]]


def _plain(make: Callable[[FakeAllocator, Mapping[str, Any]], Response]) -> Said:
    async def said(fake: FakeAllocator, wanted: Mapping[str, Any]) -> Response:
        return make(fake, wanted)

    return said


def _lying(**other: Any) -> Said:
    return _plain(lambda fake, wanted: fake.lie(wanted, **other))


def _saying(http: int, code: int, message: str) -> Said:
    return _plain(lambda _fake, _wanted: status(http, code, message))


def _raw(body: bytes) -> Said:
    return _plain(lambda _fake, _wanted: Response(body, media_type="application/json"))


async def _held(fake: FakeAllocator, wanted: Mapping[str, Any]) -> Response:
    """Allocated all the same: nobody hears of it."""
    answer = fake.true(wanted)
    await fake.hold()
    return answer


async def _held_within(fake: FakeAllocator, _wanted: Mapping[str, Any]) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"gameServerName":'
        await fake.hold()

    return StreamingResponse(parts(), media_type="application/json")


async def _endless(_fake: FakeAllocator, _wanted: Mapping[str, Any]) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"gameServerName":"'
        for _ in range(1000):
            yield b"a" * 8192
            await asyncio.sleep(0)

    return StreamingResponse(parts(), media_type="application/json")


SAID: Mapping[Mode, Said] = {
    Mode.TRUE: _plain(FakeAllocator.true),
    Mode.CONTENTION: _saying(409, 10, "too many concurrent requests have overwhelmed the system"),
    Mode.SAME_AGAIN: _plain(FakeAllocator.same_again),
    Mode.NO_ADDRESS: _lying(address="", addresses=[]),
    Mode.NO_PORT: _lying(ports=[]),
    Mode.OTHER_PORT: _lying(ports=[{"name": "default", "port": 8080}]),
    Mode.PORT_AS_TEXT: _lying(ports=[{"name": "media", "port": "8080"}]),
    Mode.PORT_TOO_LARGE: _lying(ports=[{"name": "media", "port": 80_800}]),
    Mode.PORTS_AS_OBJECT: _lying(ports={"media": 8080}),
    Mode.NO_NAME: _lying(gameServerName=""),
    Mode.STRANGE_NAME: _lying(gameServerName="media~00001/../x"),
    Mode.STRANGE_ADDRESS: _lying(addresses=[{"type": "PodIP", "address": "10.1.0.1/evil?x=@"}]),
    Mode.NO_JSON: _raw(b"<html>bad gateway</html>"),
    Mode.A_LIST: _raw(b"[]"),
    Mode.NO_TEXT: _raw(b'{"gameServerName":"\xff\xfe"}'),
    Mode.ENDLESS: _endless,
    Mode.HELD: _held,
    Mode.HELD_WITHIN: _held_within,
    Mode.FAULT: _saying(500, 13, "internal server error- Bad GSA format"),
    Mode.UNAVAILABLE: _saying(503, 14, "the service is currently unavailable"),
    Mode.INVALID: _saying(500, 422, 'GameServerAllocation "" is invalid'),
    Mode.FORBIDDEN: _saying(403, 7, "permission denied"),
    Mode.ELSEWHERE: _plain(
        lambda _fake, _wanted: Response(status_code=307, headers={"location": "/elsewhere"})
    ),
}

FIELDS: Mapping[str, Any] = {
    "namespace": TEXT,
    "multiClusterSetting": {"enabled": bool},
    "scheduling": frozenset({"Packed", "Distributed"}),
    "metadata": {"labels": TEXTS, "annotations": TEXTS},
    "gameServerSelectors": [
        {"matchLabels": TEXTS, "gameServerState": frozenset({"READY", "ALLOCATED"})}
    ],
    "priorities": [{}],
    "counters": {},
    "lists": {},
}
"""`AllocationRequest`, without what it calls deprecated."""


def wrong_with(wanted: Any) -> str | None:
    """What is wrong with a request; None where nothing is."""
    fault = _misfit(wanted, FIELDS, "")
    if fault:
        return fault
    if not wanted.get("namespace"):
        return "namespace: must not be empty"
    labels = wanted.get("metadata", {}).get("labels", {})
    bad = [
        k for k, v in labels.items() if not (LABEL_KEY.fullmatch(k) and LABEL_VALUE.fullmatch(v))
    ]
    return f"metadata.labels: invalid {bad}" if bad else None


def _misfit(value: Any, shape: Any, where: str) -> str | None:
    if isinstance(shape, frozenset):
        return None if value in shape else f"{where}: {value!r} is none of {sorted(shape)}"
    if isinstance(shape, type):
        return None if isinstance(value, shape) else f"{where}: {value!r} is no {shape.__name__}"
    if shape is TEXTS:
        fits = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        return None if fits else f"{where}: {value!r} is no map of texts"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where}: {value!r} is no list"
        return next(filter(None, (_misfit(one, shape[0], f"{where}[]") for one in value)), None)
    return _misfit_of_object(value, shape, where)


def _misfit_of_object(value: Any, shape: Mapping[str, Any], where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where}: {value!r} is no object"
    for name, one in value.items():
        if name not in shape:
            return f"unknown field {where}.{name}"
        fault = _misfit(one, shape[name], f"{where}.{name}")
        if fault:
            return fault
    return None


@asynccontextmanager
async def allocating(fake: FakeAllocator, server: Pair, clients: Authority) -> AsyncIterator[str]:
    """Serve it; yields its address. Only clients with a certificate of `clients` get in."""
    config = uvicorn.Config(
        fake.app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_certfile=str(server.cert),
        ssl_keyfile=str(server.key),
        ssl_ca_certs=str(clients.cert),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )
    async with listening(config) as address:
        try:
            yield address.replace("http://", "https://")
        finally:
            fake.release()
