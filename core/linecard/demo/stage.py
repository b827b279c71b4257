"""The demo's stage: a simulated carrier on one loopback port, our real server on another."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2

from linecard.carrier import Facts
from linecard.clock import Clock
from linecard.demo import cast
from linecard.demo.providers import pick_provider, simulated
from linecard.enhancing import enhancers
from linecard.errors import LinecardError
from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.http.server import serving
from linecard.listening import free_port
from linecard.patient import patient_clock
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.simulator import SimulatedCarrier
from linecard.simulator.serving import running

HOST = "127.0.0.1"
AGENTS = ("concierge=linecard.demo.agent:concierge", "reception=linecard.demo.agent:reception")
REQUEST_SECONDS = 30.0
FILE_SECONDS = 90.0
POD_SECONDS = 60.0
FILE_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that runs. `sounds` is the folder of the calls' own recordings, one WAV per call id.

    `enhance` names the enhancer that takes the noise out of the calls, None: nothing does; `pods` is how many
    processes carry them, 0: the server itself.
    """

    provider: str
    clock: Clock
    carrier: SimulatedCarrier
    exchange: Exchange
    client: httpx2.AsyncClient
    sounds: Path
    enhance: str | None = None
    pods: int = 0

    @property
    def facts(self) -> Facts:
        """What the carrier can do and tell."""
        found: Facts = self.exchange.plugins.providers[self.provider].cls.facts()
        return found

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """The JSON answer of our own API. Raises LinecardError with its words."""
        answer = await self.client.request(method, f"/api{path}", json=body)
        if not answer.is_success:
            raise LinecardError(f"{method} /api{path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    async def file(self, path: str) -> bytes:
        """A file from our own API, which a carrier may have only a while after its call; empty without one."""
        ends = self.clock.now() + FILE_SECONDS
        while not (answer := await self.client.get(path)).is_success:
            if self.clock.now() > ends:
                return b""
            await self.clock.sleep(FILE_AGAIN_SECONDS)
        return answer.content


@asynccontextmanager
async def stage(
    provider: str | None,
    speed: float,
    folder: Path,
    agents: Sequence[str] = AGENTS,
    more: Mapping[str, str] = MappingProxyType({}),
    enhance: str | None = None,
    pods: int = 0,
) -> AsyncIterator[Stage]:
    """Build the stage; the simulated carrier and the server really listen until the block ends.

    `agents` are as of `linecard serve --agent`, `more` further variables of the server. Raises ConfigurationError where no installed provider has a simulated carrier,
    InvalidField for an enhancer that is not to be had.
    """
    plugins = Plugins.discover()
    name = pick_provider(plugins, provider)
    enhancers.check(plugins, enhance, "--enhance")
    port = free_port(HOST)
    public_url = f"http://{HOST}:{port}"
    async with patient_clock(speed) as clock:
        carrier = simulated(plugins, name)(public_url, clock=clock)
        async with running(carrier, public_url) as carrier_url:
            variables = _variables(public_url, folder) | dict(more)
            variables |= dict(carrier.environment(carrier_url))
            settings = load_settings(variables, {name: plugins.providers[name].cls}, None)
            exchange = build_exchange(settings, plugins, tuple(agents), clock, pods)
            exchange.taps.folder = folder
            client = _client(public_url, variables["LINECARD_API_KEY"])
            async with serving(exchange, HOST, port), client:
                await _until_ready(exchange, pods)
                yield Stage(
                    provider=name,
                    clock=clock,
                    carrier=carrier,
                    exchange=exchange,
                    client=client,
                    sounds=folder,
                    enhance=enhance,
                    pods=pods,
                )


async def _until_ready(exchange: Exchange, pods: int) -> None:
    """Raises TimeoutError where pods do not start."""
    async with asyncio.timeout(POD_SECONDS):
        while len(exchange.pods) < pods:
            exchange.pods_changed.clear()
            await exchange.pods_changed.wait()


def _client(url: str, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=REQUEST_SECONDS,
        trust_env=False,
    )


def _variables(public_url: str, folder: Path) -> dict[str, str]:
    return {
        "LINECARD_PUBLIC_URL": public_url,
        "LINECARD_API_KEY": secrets.token_urlsafe(24),
        "LINECARD_SECRET": secrets.token_urlsafe(48),
        "LINECARD_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "LINECARD_RECORDINGS": str(folder / "recordings"),
        "LINECARD_TRANSFER_ALLOW": f"{cast.DESK},{cast.MARIA}",
    }
