"""A whole call as on a cluster: real server, real pods in processes of their own, Agones as a fake around them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.plugins.agones.allocator import FakeAllocator, allocating
from tests.plugins.agones.conftest import Trust, set_up
from tests.plugins.agones.fleet import Fleet, GameServer, State
from tests.plugins.agones.sidecars import sidecar_of, sidecars

from linecard.http.impatient import ImpatientWebSocket
from linecard.http.listener import listener
from linecard.http.pods import pods_app
from linecard.listening import free_port, listening
from linecard.pods.environment import without_secrets
from linecard.simulator.phone import NO_ANSWER, Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import CUSTOMER, Telephone, telephone

STAYS = Phone(ring_seconds=1.0, script=(Wait(300),))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server, and a fleet whose pods run."""

    world: Telephone
    fleet: Fleet
    processes: dict[str, asyncio.subprocess.Process]


async def _pod(
    world: Telephone, server: GameServer, control: int, sidecar: int
) -> asyncio.subprocess.Process:
    """What a container of the fleet runs, with the environment that it has there."""
    told = {
        "LINECARD_CONTROL_URL": f"127.0.0.1:{control}",
        "LINECARD_POD": server.name,
        "LINECARD_POD_KEY": world.exchange.tokens.pod_keys.reveal(),
        "AGONES_SDK_HTTP_PORT": str(sidecar),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "linecard", "serve", "--role", "media"),
        *("--host", "127.0.0.1", "--port", str(server.port)),
        *("--agent", "tests.pods.agents:polite"),
        env={**without_secrets(os.environ, world.exchange.plugins.providers), **told},
        stdin=asyncio.subprocess.DEVNULL,
    )


@asynccontextmanager
async def cluster(
    folder: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch, size: int
) -> AsyncIterator[Cluster]:
    """So many pods that are ready, and linked to the server."""
    fleet, processes = Fleet(size), {}
    for server in fleet:
        server.address, server.port = "127.0.0.1", free_port()
    async with AsyncExitStack() as stack:
        allocator = allocating(FakeAllocator(fleet), trust.server, trust.clients)
        set_up(monkeypatch, trust.settings(await stack.enter_async_context(allocator)))
        made, _ = await stack.enter_async_context(sidecars(fleet))
        world = await stack.enter_async_context(
            telephone(folder, "plivo", ("tests.pods.agents:polite",), speed=4.0)
        )
        control = free_port()
        app = pods_app(world.exchange)
        at = listener(app, "127.0.0.1", control, ImpatientWebSocket)
        await stack.enter_async_context(listening(at))
        for server in fleet:
            sidecar = await stack.enter_async_context(sidecar_of(made, server.name))
            processes[server.name] = await _pod(world, server, control, sidecar)
            stack.push_async_callback(_ended, processes[server.name])
        await world.eventually(lambda: len(fleet.in_state(State.READY)) == size)
        await world.eventually(lambda: len(world.exchange.pods) == size)
        yield Cluster(world, fleet, processes)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


@pytest.mark.parametrize("size", [1, pytest.param(2, marks=pytest.mark.slow)])
async def test_a_call_uses_one_pod_up(
    tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    async with cluster(tmp_path, trust, monkeypatch, size) as there:
        there.world.carrier.phones[CUSTOMER] = STAYS
        await there.world.register(agent="polite")
        call = await there.world.ended((await there.world.dial())["id"])
        told = {event["name"]: event["facts"] for event in call["events"]}
        used = there.fleet.servers[told["pod-allocated"]["pod"]]
        assert (call["status"], told["agent-started"]["pod"]) == ("completed", used.name)
        assert call["outcome"] == f"pid {there.processes[used.name].pid}"
        await there.world.eventually(lambda: used.state is State.SHUTDOWN)
        assert await there.processes[used.name].wait() == 0
        assert len(there.fleet.in_state(State.READY)) == size - 1
        assert used.labels["linecard/call"] == call["id"]
    assert there.fleet.wrong == []


@pytest.mark.slow
async def test_a_call_that_nobody_answers_gives_its_pod_up(
    tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cluster(tmp_path, trust, monkeypatch, 1) as there:
        there.world.carrier.phones[CUSTOMER] = NO_ANSWER
        await there.world.register(agent="polite")
        call = await there.world.ended((await there.world.dial(ring_seconds=10))["id"])
        assert call["status"] == "no-answer"
        (server,) = there.fleet
        assert server.labels["linecard/call"] == call["id"], "its pod was asked for while it rang"
        # At once, by the server's word, and not when its time is over.
        await there.world.eventually(lambda: server.state is State.SHUTDOWN)
        assert await there.processes[server.name].wait() == 0
    assert there.fleet.wrong == []
