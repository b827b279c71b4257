"""Calls in pods of this machine: real processes, the real server, a simulated carrier."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import CUSTOMER, HUMAN, Telephone, names, telephone

STAYS = Phone(ring_seconds=1.0, script=(Wait(300),))
AGENTS = tuple(
    f"tests.pods.agents:{name}"
    for name in ("polite", "exits", "blocks", "eats", "snoops", "keys", "leaves_behind")
)
SPEED = 4.0
ENDS = {"exits": ["pod_lost"], "blocks": ["pod_lost"], "eats": ["agent_error", "pod_lost"]}


@asynccontextmanager
async def podded(
    folder: Path, provider: str = "plivo", pods: int = 2, **settings: Any
) -> AsyncIterator[Telephone]:
    """A world whose calls are carried by pods, once the first are ready."""
    async with telephone(folder, provider, AGENTS, pods=pods, speed=SPEED, **settings) as world:
        world.carrier.phones[CUSTOMER] = world.carrier.phones[HUMAN] = STAYS
        await world.eventually(lambda: len(world.exchange.pods) == pods)
        yield world


@pytest.mark.parametrize(
    "provider",
    ["plivo", *(pytest.param(name, marks=pytest.mark.slow) for name in ("twilio", "exotel"))],
)
async def test_a_call_is_carried_by_a_process_of_its_own(tmp_path: Path, provider: str) -> None:
    async with podded(tmp_path, provider, pods=1) as world:
        await world.register(agent="polite")
        (first,) = world.exchange.pods
        placed = await world.dial()
        await world.until(placed["id"], lambda one: "stream-ended" in names(one))
        call = await world.ended(placed["id"])
        told = {event["name"]: event["facts"] for event in call["events"]}
        assert call["status"] == "completed"
        assert told["pod-allocated"]["pod"] == told["agent-started"]["pod"] == first
        assert call["outcome"] not in (None, f"pid {os.getpid()}")
        assert told["stream-ended"]["first_audio_ms"] is not None
        await world.eventually(lambda: list(world.exchange.pods) not in ([], [first]))


@pytest.mark.parametrize(
    "agent", ["exits", *(pytest.param(name, marks=pytest.mark.slow) for name in ("blocks", "eats"))]
)
async def test_a_bad_agent_loses_only_its_own_call(tmp_path: Path, agent: str) -> None:
    async with podded(tmp_path, pod_megabytes="400") as world:
        await world.register(agent="keys")
        other = await world.dial(HUMAN)
        await world.until(other["id"], lambda call: "stream-started" in names(call))
        began = time.monotonic()
        bad = await world.ended((await world.dial(agent=agent))["id"])
        assert time.monotonic() - began < 15
        assert bad["end_reason"] in ENDS[agent]
        still = await world.call(other["id"])
        assert world.carrier.ledger.live_legs() == (still["carrier_ids"]["call_uuid"],)
        assert still["status"] == "in-progress"
        assert names(still).count("stream-started") == 1
        await world.api.post(f"/api/calls/{other['id']}/hangup")
        await world.ended(other["id"])


@pytest.mark.slow
async def test_an_agent_in_a_pod_finds_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "a-token-of-the-carrier")
    monkeypatch.setenv("LINECARD_SECRET", "s" * 40)
    monkeypatch.setenv("LINECARD_DATABASE_URL", "postgresql://u:p@db/linecard")
    async with podded(tmp_path, pods=1) as world:
        await world.register(agent="snoops")
        call = await world.ended((await world.dial())["id"])
        assert call["outcome"] == (
            "LINECARD_CONTROL_URL,LINECARD_POD,LINECARD_POD_KEY,LINECARD_POD_MEGABYTES"
        )


async def test_what_an_agent_has_started_ends_with_its_pod_and_the_next_one_comes(
    tmp_path: Path,
) -> None:
    async with podded(tmp_path, pods=1) as world:
        await world.register(agent="leaves_behind")
        (first,) = world.exchange.pods
        call = await world.ended((await world.dial())["id"])
        await world.eventually(lambda: list(world.exchange.pods) not in ([], [first]))
        await world.eventually(lambda: not _runs(int(call["outcome"])))


def _runs(pid: int) -> bool:
    """Whether a process is there; one that nobody has reaped is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
