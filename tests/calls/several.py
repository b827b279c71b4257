"""Several `linecard serve` on one database, behind one address: a proxy that gives each connection to the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from linecard.clock import Clock
from linecard.listening import free_port
from linecard.media import g711
from linecard.plugins import Plugins
from linecard.simulator import SimulatedCarrier
from linecard.simulator.phone import Phone
from linecard.simulator.script import Act, Ear
from linecard.simulator.serving import running
from linecard.simulator.sound import frames
from linecard.simulator.speech import speech
from linecard.testing.telephone import set_up
from tests.calls.lines import OURS, PREFIX
from tests.calls.shell import ROOT, Served, served
from tests.calls.telephone import KEY

TALK = b"".join(frames(g711.decode_pcmu(g711.encode_pcmu(speech("hello there, can you hear me")))))
"""Of samples that PCMU has: every line carries them as they are."""
NOBODY = "http://127.0.0.1:9"
PASSED_ON = 'linecard_requests_passed_on_total{result="answered"}'


@dataclass(slots=True)
class Chat:
    """Says the same again and again, until the conversation is over."""

    is_over: bool = False

    def acts(self, ear: Ear) -> Iterator[Act]:
        """A sentence, frame by frame, as often as it takes."""
        said = list(frames(TALK))
        while True:
            for sound in said:
                if self.is_over:
                    return
                yield Act(sound)


@dataclass(slots=True)
class Router:
    """The proxy in front: every connection goes to the next place that takes it."""

    port: int
    places: list[int] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)
    _turn: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, both ways."""
        try:
            far = await self._opened()
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, far[1]), _pump(far[0], writer))

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._turn += 1
        first = self._turn % len(self.places)
        for port in (*self.places[first:], *self.places[:first]):
            with suppress(OSError):
                opened = await asyncio.open_connection("127.0.0.1", port)
                self.given[port] = self.given.get(port, 0) + 1
                return opened
        raise ConnectionRefusedError("nobody takes a connection")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@dataclass(frozen=True, slots=True)
class One:
    """One of the servers."""

    server: Served
    port: int
    url: str

    async def passed_on(self, api: httpx2.AsyncClient) -> float:
        """How many requests it has passed on, with success."""
        return await self.figure(api, PASSED_ON)

    async def figure(self, api: httpx2.AsyncClient, name: str) -> float:
        """One of its metrics, named with its labels; 0 where it has none yet."""
        text = (await api.get(f"http://127.0.0.1:{self.port}/metrics")).text
        found = [one for one in text.splitlines() if one.startswith(f"{name} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0


@dataclass(slots=True)
class Several:
    """A carrier, the proxy, and what its servers share."""

    carrier: SimulatedCarrier
    router: Router
    folder: Path
    env: Mapping[str, str]
    api: httpx2.AsyncClient
    chats: list[Chat] = field(default_factory=list)

    @property
    def ours(self) -> str:
        """Our number."""
        return OURS[self.carrier.name]

    @asynccontextmanager
    async def serving(self, name: str, *, is_reached: bool = True) -> AsyncIterator[One]:
        """One more server; the proxy knows nothing of it yet. `is_reached`: by the other servers."""
        port, inside = free_port(), free_port()
        url = f"http://127.0.0.1:{inside}"
        told = url if is_reached else NOBODY
        env = {**self.env, "LINECARD_INTERNAL_URL": told, "LINECARD_INSTANCE": name}
        options = ("--port", str(port), "--internal-port", str(inside), "--drain-seconds", "100")
        async with served(*options, env=env, cwd=self.folder) as (server, _):
            yield One(server, port, url)

    async def register(self) -> None:
        """Register our number, with what its steps ask a person to do."""
        body = {
            "number": self.ours,
            "provider": self.carrier.name,
            "agent": "echo",
            "channels": 200,
            "options": dict(self.carrier.number_options()),
        }
        answer = await self.api.post("/api/numbers", json=body)
        assert answer.status_code == 201, answer.text
        await set_up(self.api, self.carrier, self.ours)

    async def call(self, *, inbound: bool) -> None:
        """One more call: somebody talks until the chat is over, and hangs up."""
        chat = Chat()
        phone = Phone(ring_seconds=0.1, script=(chat,), hangs_up=True)
        self.chats.append(chat)
        number = f"{PREFIX[self.carrier.name]}{1000 + len(self.chats)}"
        if inbound:
            await self.carrier.call_in(number, self.ours, phone)
            return
        self.carrier.phones[number] = phone
        answer = await self.api.post("/api/calls", json={"from": self.ours, "to": number})
        assert answer.status_code == 201, answer.text

    async def calls(self) -> list[dict[str, Any]]:
        """Every call as the API shows it."""
        items = (await self.api.get("/api/calls?limit=200")).json()["items"]
        return [(await self.api.get(f"/api/calls/{one['id']}")).json() for one in items]

    async def until(self, fits: Any, within: float = 60) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(within):
            while not await fits():
                await asyncio.sleep(0.1)


@asynccontextmanager
async def several(folder: Path, provider: str = "plivo", **settings: str) -> AsyncIterator[Several]:
    """A carrier in this process, and a proxy, for servers that run in others."""
    router = Router(free_port())
    public_url = f"http://127.0.0.1:{router.port}"
    carrier = Plugins.discover().providers[provider].cls.simulator()(public_url, clock=Clock())
    async with AsyncExitStack() as stack:
        proxy = await asyncio.start_server(router.carry, "127.0.0.1", router.port, backlog=500)
        stack.push_async_callback(proxy.wait_closed)
        stack.callback(proxy.close)
        carrier_url = await stack.enter_async_context(running(carrier, public_url))
        env = {
            "LINECARD_PUBLIC_URL": public_url,
            "LINECARD_DATABASE_URL": f"sqlite:///{folder}/linecard.db",
            "LINECARD_API_KEY": KEY,
            "LINECARD_SECRET": "s" * 40,
            "LINECARD_ALLOWED_COUNTRIES": "US,IN",
            "LINECARD_MAX_CALLS_PER_MINUTE": "1000",
            "PYTHONPATH": str(ROOT),
            **{f"LINECARD_{name.upper()}": value for name, value in settings.items()},
            **carrier.environment(carrier_url),
        }
        headers = {"Authorization": f"Bearer {KEY}", "Connection": "close"}
        client = httpx2.AsyncClient(base_url=public_url, headers=headers, timeout=30)
        api = await stack.enter_async_context(client)
        yield Several(carrier, router, folder, env, api)
