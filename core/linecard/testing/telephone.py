"""A whole telephone world on loopback: a simulated carrier, our server, and a client of its API."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2

from linecard.exchange.context import Exchange
from linecard.exchange.lifecycle import build_exchange
from linecard.http.server import serving
from linecard.listening import free_port
from linecard.patient import patient_clock
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.simulator import SimulatedCarrier
from linecard.simulator.serving import running
from linecard.testing.laid_out import lay_out
from linecard.trust import trusted

KEY = "test-key-0123456789abcdef"
OURS = "+14155550100"
CUSTOMER = "+14155550123"
HUMAN = "+14155550177"
SPEED = float(os.environ.get("LINECARD_TEST_SPEED", "8"))
"""How many times as fast as life a world runs; less on a machine that cannot keep up."""


@dataclass(frozen=True, slots=True)
class Telephone:
    """The world of one test."""

    carrier: SimulatedCarrier
    exchange: Exchange
    api: httpx2.AsyncClient
    url: str
    carriers: Mapping[str, SimulatedCarrier] = field(default_factory=dict)

    async def register(self, **changes: object) -> dict[str, Any]:
        """Register our number."""
        body = {"number": OURS, "provider": self.carrier.name, "agent": "echo", "channels": 10}
        answer = await self.api.post("/api/numbers", json=body | changes)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def dial(self, to: str = CUSTOMER, **changes: object) -> dict[str, Any]:
        """Place a call from our number."""
        answer = await self.api.post("/api/calls", json={"from": OURS, "to": to} | changes)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def call(self, call_id: str) -> dict[str, Any]:
        """A call as the API shows it."""
        return dict((await self.api.get(f"/api/calls/{call_id}")).json())

    async def ended(self, call_id: str) -> dict[str, Any]:
        """The call once it is over."""
        return await self.until(call_id, lambda call: call["ended_at"] is not None)

    async def until(
        self, call_id: str, fits: Callable[[dict[str, Any]], bool], within: float = 30
    ) -> dict[str, Any]:
        """The call once it fits."""
        async with asyncio.timeout(within):
            while not fits(call := await self.call(call_id)):
                await asyncio.sleep(0.05)
        return call

    async def only_call(self) -> dict[str, Any]:
        """The one call there is, once it is there."""
        async with asyncio.timeout(20):
            while not (items := (await self.api.get("/api/calls")).json()["items"]):
                await asyncio.sleep(0.05)
        assert len(items) == 1
        return dict(items[0])

    async def eventually(
        self, fits: Callable[[], Awaitable[bool] | bool], within: float = 20
    ) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(within):
            while True:
                answer = fits()
                if (await answer) if isinstance(answer, Awaitable) else answer:
                    return
                await asyncio.sleep(0.05)


def names(call: Mapping[str, Any]) -> list[str]:
    """The names of a call's events."""
    return [event["name"] for event in call["events"]]


async def set_up(
    api: httpx2.AsyncClient, carrier: SimulatedCarrier, number: str, *, record: bool = False
) -> None:
    """Do at the carrier what the steps of a registered number ask a person to do."""
    shown = (await api.get(f"/api/numbers/{number}")).json()
    pasted = [step["paste"] for step in shown["setup"] if step["paste"]]
    carrier.set_up(number, pasted, record=record)


@asynccontextmanager
async def telephone(
    folder: Path,
    provider: str,
    agents: tuple[str, ...] = (),
    plugins: Plugins | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
    defaults: Mapping[str, str] = MappingProxyType({}),
    also: tuple[str, ...] = (),
    patience: float = 4.0,
    speed: float = SPEED,
    pods: int = 0,
    control_port: int | None = None,
    file: Path | None = None,
    **settings: str,
) -> AsyncIterator[Telephone]:
    """A running world; `settings` are LINECARD_* values in lower case, `variables` any others.

    `defaults` are variables that hold where the simulated carrier has no others.
    `also`: other providers whose simulated carriers run beside the first. `patience`: real seconds that an
    answer may take before the carrier is told to wait, longer than in earnest, for machines that are busy.
    `speed`: how many times as fast as life. `pods`: so many processes carry its calls.
    `control_port`: where pods of other machines are linked. `file`: a linecard.toml.
    """
    plugins = plugins or Plugins.discover()
    classes = {name: one.cls for name, one in plugins.providers.items()}
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(patient_clock(speed))
        carriers: dict[str, SimulatedCarrier] = {}
        credentials: dict[str, str] = {}
        for name in (provider, *also):
            carrier = carriers[name] = classes[name].simulator()(public_url, clock=clock)
            carrier_url = await stack.enter_async_context(running(carrier, public_url))
            credentials |= dict(carrier.environment(carrier_url))
        environment = {
            "LINECARD_PUBLIC_URL": public_url,
            "LINECARD_DATABASE_URL": lay_out(folder / "linecard.db"),
            "LINECARD_API_KEY": KEY,
            "LINECARD_SECRET": "s" * 40,
            "LINECARD_TRANSFER_ALLOW": "+1415*",
            "LINECARD_RECORDINGS": f"{folder}/recordings",
            "LINECARD_JOURNAL": f"{folder}/linecard.db-callbacks",
            **{f"LINECARD_{name.upper()}": value for name, value in settings.items()},
            **defaults,
            **credentials,
            **variables,
        }
        loaded = load_settings(environment, classes, str(file) if file else None)
        exchange = build_exchange(loaded, plugins, agents, clock, pods)
        exchange = replace(exchange, patience=patience)
        headers = {"Authorization": f"Bearer {KEY}"}
        (url,) = await stack.enter_async_context(
            serving(exchange, "127.0.0.1", port, control_port=control_port)
        )
        api = await stack.enter_async_context(
            httpx2.AsyncClient(verify=trusted(), base_url=url, headers=headers, timeout=30)
        )
        yield Telephone(carriers[provider], exchange, api, url, carriers)
