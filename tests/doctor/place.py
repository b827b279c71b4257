"""A place to examine: `linecard serve` as a process, a simulated carrier, and a proxy at the public URL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from linecard.clock import Clock
from linecard.doctor import Finding
from linecard.doctor.running import report
from linecard.doctor.seeing import seen
from linecard.plugins import Plugins
from linecard.settings import load_settings
from linecard.simulator import SimulatedCarrier
from linecard.simulator.serving import running
from linecard.testing.laid_out import lay_out
from tests.calls.shell import Finished, Served, linecard, served
from tests.calls.telephone import KEY, OURS
from tests.doctor.proxy import Proxy, proxying

SECRET = "secret-0123456789-0123456789-0123456789"


@dataclass(frozen=True, slots=True)
class Place:
    """What stands there, and the variables with which it was started."""

    provider: str
    carrier: SimulatedCarrier
    proxy: Proxy
    server: Served
    urls: list[str]
    env: Mapping[str, str]
    folder: Path

    async def found(self, **changes: str) -> list[Finding]:
        """What the doctor finds, with these variables changed."""
        return await found({**self.env, **changes})

    async def doctor(self, *arguments: str, **changes: str) -> Finished:
        """The command itself."""
        return await linecard("doctor", *arguments, env={**self.env, **changes}, cwd=self.folder)

    async def register(self, **changes: object) -> None:
        """Register our number at the server."""
        body = {"number": OURS, "provider": self.provider, "agent": "echo", **changes}
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as api:
            made = await api.post(f"{self.urls[-1]}/api/numbers", json=body)
        assert made.status_code == 201, made.text


async def found(env: Mapping[str, str]) -> list[Finding]:
    """What the doctor finds with these variables, in this process."""
    plugins = Plugins.discover()
    classes = {name: one.cls for name, one in plugins.providers.items()}
    patient = await seen(load_settings(env, classes, None), plugins)
    return [one async for one in report(patient)]


def of(found: list[Finding], check: str) -> list[Finding]:
    """The findings of one check."""
    return [one for one in found if one.check == check]


def read(finished: Finished) -> list[dict[str, str]]:
    """The findings that `--json` has printed."""
    return list(json.loads(finished.out))


@asynccontextmanager
async def place(folder: Path, provider: str, *options: str, **changes: str) -> AsyncIterator[Place]:
    """A running place; `options` are those of `serve`, `changes` other variables."""
    simulator = Plugins.discover().providers[provider].cls.simulator()
    async with proxying() as proxy:
        carrier = simulator(proxy.url, clock=Clock())
        async with running(carrier, proxy.url) as carrier_url:
            env = {
                "LINECARD_PUBLIC_URL": proxy.url,
                "LINECARD_DATABASE_URL": lay_out(folder / "linecard.db"),
                "LINECARD_API_KEY": KEY,
                "LINECARD_SECRET": SECRET,
                **carrier.environment(carrier_url),
                **changes,
            }
            async with served("--port", "0", *options, env=env, cwd=folder) as (server, urls):
                proxy.upstream = urls[0]
                yield Place(provider, carrier, proxy, server, urls, env, folder)
