"""Documents in time while everything beside them is slow: the place of the audio, the recording's API."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import linecard
from linecard.calls import Call
from linecard.carrier import PodLease
from linecard.exchange.context import PATIENCE
from linecard.plugins import OtherPlugin, Plugins
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.faulty import fault
from tests.calls.signed import counted
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

STAYS = Phone(ring_seconds=1.0, script=(Wait(300),))
PROVIDERS = ("plivo", "twilio", "exotel")


class SlowPool:
    """Places that take their time, in real seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.given: list[str] = []
        self.back: list[str] = []

    @linecard.hookimpl
    async def allocate_pod(self, call: Call) -> PodLease:
        await asyncio.sleep(self.seconds)
        self.given.append(call.id)
        return PodLease(pod="elsewhere", call=call.id)

    @linecard.hookimpl
    async def release_pod(self, lease: PodLease) -> None:
        self.back.append(lease.call)


def slow(seconds: float) -> tuple[SlowPool, Plugins]:
    pool, plugins = SlowPool(seconds), Plugins.discover()
    plugins.add(OtherPlugin("pool", pool, "tests", "1"))
    return pool, plugins


async def answers_in_time(world: Telephone, provider: str, seconds: str) -> bool:
    """Whether no request of the carrier took longer."""
    within = f'linecard_webhook_seconds_bucket{{le="{seconds}",provider="{provider}"}}'
    every = f'linecard_webhook_seconds_count{{provider="{provider}"}}'
    return await counted(world, every) == await counted(world, within)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_somebody_who_has_answered_waits_for_nothing(tmp_path: Path, provider: str) -> None:
    _, plugins = slow(30)
    async with telephone(
        tmp_path, provider, (), plugins, patience=PATIENCE, no_pod="here"
    ) as world:
        world.carrier.phones[CUSTOMER] = STAYS
        await world.register()
        with fault(world, "(?i)record", slow_answer=1, seconds=60):
            placed = await world.dial(record=provider == "plivo")
            call = await world.until(placed["id"], lambda one: "stream-started" in names(one))
            assert names(call).count("stream-started") == 1
            assert await answers_in_time(world, provider, "1.0")


async def test_a_place_asked_for_while_it_rang_is_used_and_given_back(tmp_path: Path) -> None:
    pool, plugins = slow(0.2)
    async with telephone(tmp_path, "plivo", (), plugins) as world:
        world.carrier.phones[CUSTOMER] = Phone(ring_seconds=8, script=(Wait(300),))
        await world.register()
        placed = await world.dial()
        await world.until(placed["id"], lambda one: "stream-started" in names(one))
        assert pool.given == [placed["id"]]
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
        await world.ended(placed["id"])
        await world.eventually(lambda: pool.back == [placed["id"]])


async def test_a_caller_who_rings_is_left_to_ring_for_a_place(tmp_path: Path) -> None:
    pool, plugins = slow(1.2)
    async with telephone(tmp_path, "plivo", (), plugins, patience=PATIENCE) as world:
        await world.register()
        await world.carrier.call_in(CUSTOMER, OURS, STAYS)
        call = await world.until(
            (await world.only_call())["id"], lambda one: "stream-started" in names(one)
        )
        assert pool.given == [call["id"]]
        assert await counted(world, "linecard_answers_waited_total") == 0
        assert await answers_in_time(world, "plivo", "5.0")


async def test_the_apology_is_the_one_that_was_set(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", apology="Rufen Sie bitte später an.") as world:
        assert world.exchange.settings.apology == "Rufen Sie bitte später an."
