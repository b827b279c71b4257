"""A server of its own that is killed in the middle of many calls and started again; and its agent."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

import linecard
from linecard.clock import Clock
from linecard.listening import free_port
from linecard.plugins import Plugins
from linecard.simulator import SimulatedCarrier
from linecard.simulator.phone import Phone
from linecard.simulator.serving import running
from linecard.testing.telephone import set_up
from tests.calls.lines import OURS, PREFIX
from tests.calls.shell import ROOT, Served, served, serving
from tests.calls.telephone import KEY, names


@linecard.agent
async def actor(call: linecard.LiveCall) -> None:
    """Does what the call's metadata say, and stays."""
    mode, to = str(call.metadata.get("mode", "")), str(call.metadata.get("to", ""))
    if mode and to:
        await call.transfer(to, mode=mode, timeout=int(str(call.metadata.get("timeout", 30))))
    async for _ in call:
        pass


@dataclass(slots=True)
class Endangered:
    """A carrier that lives on, and a server that does not."""

    carrier: SimulatedCarrier
    folder: Path
    port: int
    env: Mapping[str, str]
    api: httpx2.AsyncClient
    calls: dict[str, str] = field(default_factory=dict)
    """Our ids, by what the call is there for."""
    places: int = 1000

    @property
    def ours(self) -> str:
        """Our number."""
        return OURS[self.carrier.name]

    def phone(self, phone: Phone) -> str:
        """A number with that phone."""
        self.places += 1
        number = f"{PREFIX[self.carrier.name]}{self.places}"
        self.carrier.phones[number] = phone
        return number

    async def set_up(self) -> None:
        """Register our number, with what its steps ask a person to do."""
        body = {
            "number": self.ours,
            "provider": self.carrier.name,
            "agent": "actor",
            "channels": 100,
            "options": dict(self.carrier.number_options()),
        }
        answer = await self.api.post("/api/numbers", json=body)
        assert answer.status_code == 201, answer.text
        await set_up(self.api, self.carrier, self.ours)

    async def dial(self, name: str, phone: Phone, **more: object) -> str:
        """Place a call for a purpose; the number that is called."""
        number = self.phone(phone)
        body = {"from": self.ours, "to": number, **more}
        answer = await self.api.post("/api/calls", json=body)
        assert answer.status_code == 201, answer.text
        self.calls[name] = str(answer.json()["id"])
        return number

    async def call(self, name: str) -> dict[str, Any]:
        """A call as the API shows it."""
        return dict((await self.api.get(f"/api/calls/{self.calls[name]}")).json())

    async def has(self, name: str, event: str) -> bool:
        """Whether that stands on the record of a call."""
        return event in names(await self.call(name))

    async def until(self, fits: Callable[[], Awaitable[bool] | bool], within: float = 60) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(within):
            while True:
                answer = fits()
                if (await answer) if isinstance(answer, Awaitable) else answer:
                    return
                await asyncio.sleep(0.1)

    async def kill(self, server: Served) -> None:
        """The server is gone at once, as by SIGKILL."""
        server.process.kill()
        await server.process.wait()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Served]:
        """`linecard serve`, until the block ends."""
        options = ("--port", str(self.port), "--agent", "tests.calls.killed:actor")
        async with served(*options, env=self.env, cwd=self.folder) as (server, _):
            yield server

    @asynccontextmanager
    async def serving_later(
        self, *, ahead: float = 0.0, speed: float = 1.0, drain: float = 0.0
    ) -> AsyncIterator[Served]:
        """The same on a machine where it is later, or whose calls' clock is faster than life."""
        options = map(str, (ahead, speed, self.port, "tests.calls.killed:actor", drain))
        command = (sys.executable, "-m", "tests.calls.later", *options)
        async with serving(*command, env=self.env, cwd=self.folder) as (server, _):
            yield server

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What stands in the database of the server."""
        with closing(sqlite3.connect(self.folder / "linecard.db")) as database:
            return database.execute(query).fetchall()


@asynccontextmanager
async def endangered(
    folder: Path, provider: str, clock: Clock | None = None, **settings: str
) -> AsyncIterator[Endangered]:
    """A carrier in this process, for a server that runs in another."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    carrier = (
        Plugins.discover().providers[provider].cls.simulator()(public_url, clock=clock or Clock())
    )
    async with running(carrier, public_url) as carrier_url:
        env = {
            "LINECARD_PUBLIC_URL": public_url,
            "LINECARD_API_KEY": KEY,
            "LINECARD_SECRET": "s" * 40,
            "LINECARD_ALLOWED_COUNTRIES": "US,IN",
            "LINECARD_TRANSFER_ALLOW": "+1415*,+91*",
            "PYTHONPATH": str(ROOT),
            **{f"LINECARD_{name.upper()}": value for name, value in settings.items()},
            **carrier.environment(carrier_url),
        }
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(base_url=public_url, headers=headers, timeout=30) as api:
            yield Endangered(carrier, folder, port, env, api)
