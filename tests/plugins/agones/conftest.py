"""An allocator with certificates, and settings that fit it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.plugins.agones.allocator import FakeAllocator, allocating
from tests.plugins.agones.authorities import Authority, Pair
from tests.plugins.agones.fleet import Fleet

from linecard_agones import settings as module
from linecard_agones.settings import AllocatorSettings


@dataclass(frozen=True, slots=True)
class Trust:
    """Who signs for whom, and a pair for each side."""

    folder: Path
    servers: Authority
    clients: Authority
    server: Pair
    client: Pair

    def settings(self, url: str) -> AllocatorSettings:
        """Those of a client that is trusted, and trusts."""
        return AllocatorSettings(
            url=url,
            fleet="media",
            namespace="calls",
            client_cert=str(self.client.cert),
            client_key=str(self.client.key),
            ca=str(self.servers.cert),
        )


def trust_in(folder: Path) -> Trust:
    """Fresh authorities."""
    servers, clients = Authority(folder, "servers"), Authority(folder, "clients")
    return Trust(folder, servers, clients, servers.server("allocator"), clients.client("linecard"))


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """The authorities of a cluster."""
    return trust_in(tmp_path_factory.mktemp("certificates"))


@dataclass(frozen=True, slots=True)
class World:
    """An allocator that runs."""

    fake: FakeAllocator
    settings: AllocatorSettings

    @property
    def fleet(self) -> Fleet:
        """Its fleet."""
        return self.fake.fleet

    def but(self, **other: str) -> AllocatorSettings:
        """Settings that do not fit quite."""
        return replace(self.settings, **other)


@pytest.fixture
async def world(trust: Trust) -> AsyncIterator[World]:
    """Three pods are ready."""
    fake = FakeAllocator(Fleet(3).all_ready())
    async with allocating(fake, trust.server, trust.clients) as url:
        yield World(fake, trust.settings(url))


def set_up(monkeypatch: pytest.MonkeyPatch, settings: AllocatorSettings) -> None:
    """Set an allocator up in the environment."""
    values = {
        module.URL: settings.url,
        module.NAMESPACE: settings.namespace,
        module.FLEET: settings.fleet,
        module.CERT: settings.client_cert,
        module.KEY: settings.client_key,
        module.CA: settings.ca or "",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
