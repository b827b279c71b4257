"""Calls in pods of this machine: real processes, the real server, a simulated carrier."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import CUSTOMER, Telephone, telephone

STAYS = Phone(ring_seconds=1.0, script=(Wait(300),))
AGENTS = tuple(
    f"tests.pods.agents:{name}" for name in ("polite", "exits", "blocks", "eats", "snoops", "keys")
)
SPEED = 4.0


@asynccontextmanager
async def podded(
    folder: Path, provider: str = "plivo", pods: int = 2, **settings: Any
) -> AsyncIterator[Telephone]:
    """A world whose calls are carried by pods, once the first are ready."""
    async with telephone(folder, provider, AGENTS, pods=pods, speed=SPEED, **settings) as world:
        world.carrier.phones[CUSTOMER] = STAYS
        await world.eventually(lambda: len(world.exchange.pods) == pods)
        yield world


@pytest.mark.parametrize("provider", ["plivo", "twilio", "exotel"])
async def test_a_call_is_carried_by_a_process_of_its_own(tmp_path: Path, provider: str) -> None:
    async with podded(tmp_path, provider, pods=1) as world:
        await world.register(agent="polite")
        (first,) = world.exchange.pods
        call = await world.ended((await world.dial())["id"])
        told = {event["name"]: event["facts"] for event in call["events"]}
        assert call["status"] == "completed"
        assert told["pod-allocated"]["pod"] == told["agent-started"]["pod"] == first
        assert call["outcome"] not in (None, f"pid {os.getpid()}")
        assert told["stream-ended"]["first_audio_ms"] is not None
        await world.eventually(lambda: list(world.exchange.pods) not in ([], [first]))
