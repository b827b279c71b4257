"""Acme, the invented carrier: its API on loopback, its signed requests, its media socket."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect

from linecard.listening import listening
from linecard.plugins import Plugins
from tests.calls.telephone import Telephone, telephone

FOLDER = Path(__file__).parents[2] / "examples" / "linecard_acme"
SECRET = "acme-secret-0123456789"
AT = "1767225600"
FORM = "application/x-www-form-urlencoded"


@dataclass
class AcmeApi:
    """Acme's API: answers a dial with `status`, and remembers what it was asked."""

    status: int = 201
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    async def calls(self, request: Request) -> Response:
        body = await request.body()
        assert request.headers["authorization"] == "Bearer acme-key"
        self.asked.append((request.method, request.url.path, json.loads(body) if body else None))
        return JSONResponse({"call": "c1"}, self.status)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/calls", self.calls, methods=["POST"]),
                Route("/calls/{id}", self.calls, methods=["DELETE"]),
            ]
        )


@dataclass
class Acme:
    """The carrier of one test."""

    world: Telephone
    api: AcmeApi

    async def post(self, url: str, **fields: str) -> httpx2.Response:
        """A signed form."""
        body = urlencode(fields).encode()
        async with httpx2.AsyncClient(trust_env=False) as client:
            return await client.post(
                url, content=body, headers={"content-type": FORM, **signed("POST", url, body)}
            )

    async def steps(self, url: str, **fields: str) -> list[dict[str, Any]]:
        """The document for a signed form."""
        answer = await self.post(url, **fields)
        assert answer.status_code == 200, answer.text
        return list(answer.json())


def signed(method: str, url: str, body: bytes = b"") -> Mapping[str, str]:
    """Acme's headers, as its description has them."""
    text = f"{AT} {method} {url} ".encode() + body
    mac = hmac.new(SECRET.encode(), text, "sha256").hexdigest()
    return {"acme-time": AT, "acme-signature": mac}


@asynccontextmanager
async def socket(url: str) -> AsyncIterator[ClientConnection]:
    """Acme's media socket, opened and started."""
    async with connect(url, additional_headers=signed("GET", url)) as ws:
        await ws.send(json.dumps({"type": "start", "id": "s1", "call": "c1"}))
        yield ws


async def speak(ws: ClientConnection, audio: bytes) -> None:
    """The caller says something, 20 ms a message."""
    for at in range(0, len(audio), 160):
        payload = b64encode(audio[at : at + 160]).decode()
        await ws.send(json.dumps({"type": "audio", "audio": payload}))


async def heard(ws: ClientConnection, length: int) -> bytes:
    """So much of what the caller hears."""
    played = b""
    while len(played) < length:
        said = json.loads(await ws.recv())
        if said["type"] == "play":
            played += b64decode(said["audio"])
    return played


@asynccontextmanager
async def carrier(folder: Path) -> AsyncIterator[Acme]:
    """Linecard with Acme installed beside it, and Acme."""
    api = AcmeApi()
    point = EntryPoint("acme", "linecard_acme:Acme", "linecard")
    plugins = Plugins.discover([*entry_points(group="linecard"), point])
    async with listening(uvicorn.Config(api.app, port=0, log_config=None)) as url:
        variables = {"ACME_KEY": "acme-key", "ACME_SECRET": SECRET, "ACME_API_URL": url}
        async with telephone(folder, plugins=plugins, variables=variables) as world:
            await world.register(provider="acme", agent="echo")
            yield Acme(world, api)
