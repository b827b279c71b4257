"""Pods of other machines: processes that listen at a port, and are linked at the server's control port."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import linecard
from linecard.calls import Call
from linecard.carrier import PodLease
from linecard.errors import NoFreePod
from linecard.listening import free_port
from linecard.plugins import OtherPlugin, Plugins
from linecard.pods.environment import without_secrets
from linecard.testing.telephone import CUSTOMER, Telephone, names, telephone
from tests.pods.test_local_pods import AGENTS, STAYS

POD = "voice-abcde"


class Fleet:
    """One pod, which is given once."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.given: list[str] = []
        self.back: list[str] = []

    @linecard.hookimpl
    async def allocate_pod(self, call: Call) -> PodLease:
        if self.given:
            raise NoFreePod("the fleet has one pod")
        self.given.append(call.id)
        return PodLease(pod=POD, call=call.id, address=self.address)

    @linecard.hookimpl
    async def release_pod(self, lease: PodLease) -> None:
        self.back.append(lease.call)


@asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[tuple[Telephone, Fleet, dict[str, str]]]:
    """A server with a control port, and what its one pod is to be started with."""
    control, port = free_port(), free_port()
    given, plugins = Fleet(f"127.0.0.1:{port}"), Plugins.discover()
    plugins.add(OtherPlugin("fleet", given, "tests", "1"))
    async with telephone(folder, "plivo", AGENTS, plugins, speed=4, control_port=control) as world:
        world.carrier.phones[CUSTOMER] = STAYS
        environment = without_secrets(os.environ, plugins.providers) | {
            "LINECARD_POD": POD,
            "LINECARD_POD_KEY": world.exchange.tokens.pod_keys.reveal(),
            "LINECARD_CONTROL_URL": f"http://127.0.0.1:{control}",
            "PORT": str(port),
        }
        yield world, given, environment


async def started(environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """A media process."""
    agents = [part for agent in AGENTS for part in ("--agent", agent)]
    command = ("serve", "--role", "media", "--port", environment["PORT"], *agents)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "linecard", *command),
        env={name: value for name, value in environment.items() if name != "PORT"},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_call_in_a_pod_elsewhere(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (world, given, environment):
        process = await started(environment)
        await world.register(agent="polite")
        await world.eventually(lambda: POD in world.exchange.pods)
        call = await world.ended((await world.dial())["id"])
        assert call["outcome"] == f"pid {process.pid}"
        async with asyncio.timeout(15):
            assert await process.wait() == 0, "it ends with its call"
        await world.eventually(lambda: given.back == [call["id"]])


@pytest.mark.slow
async def test_a_pod_that_is_asked_to_stop_lets_its_call_end(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (world, _, environment):
        process = await started(environment)
        await world.register(agent="keys")
        await world.eventually(lambda: POD in world.exchange.pods)
        placed = await world.dial()
        await world.until(placed["id"], lambda one: "stream-started" in names(one))
        process.terminate()
        await asyncio.sleep(1)
        assert (await world.call(placed["id"]))["status"] == "in-progress"
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
        call = await world.ended(placed["id"])
        assert call["end_reason"] != "pod_lost"
        async with asyncio.timeout(15):
            assert await process.wait() == 0


@pytest.mark.slow
async def test_an_unused_pod_stops_at_once(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (world, _, environment):
        process = await started(environment)
        await world.eventually(lambda: POD in world.exchange.pods)
        process.terminate()
        async with asyncio.timeout(5):
            assert await process.wait() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"LINECARD_SECRET": "s" * 40}, "take LINECARD_SECRET out of its environment"),
        ({"PLIVO_AUTH_TOKEN": "t"}, "take PLIVO_AUTH_TOKEN out of its environment"),
        ({"LINECARD_POD_KEY": ""}, "needs LINECARD_POD_KEY"),
    ],
)
async def test_it_starts_with_what_is_its_own_alone(
    tmp_path: Path, change: Mapping[str, str], said: str
) -> None:
    base = {name: value for name, value in os.environ.items() if not name.startswith("LINECARD")}
    own = {"LINECARD_POD": POD, "LINECARD_POD_KEY": "k", "LINECARD_CONTROL_URL": "h:1", "PORT": "0"}
    process = await started(base | own | dict(change))
    _, written = await process.communicate()
    assert process.returncode == 1
    assert said in " ".join(written.decode().split())


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"LINECARD_POD_KEY": "x" * 43}, {"LINECARD_POD": "Not A Name"}])
async def test_strangers_are_not_linked(tmp_path: Path, change: Mapping[str, str]) -> None:
    async with fleet(tmp_path) as (world, _, environment):
        process = await started(environment | dict(change))
        await asyncio.sleep(4)
        assert not world.exchange.pods
        process.kill()
        await process.wait()
