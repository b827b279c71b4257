"""What an agent and the API ask of a recording: the result is the carrier's, and a pause is silence in the file."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.sound import level
from linecard.simulator.speech import beep
from tests.calls.telephone import CUSTOMER, Telephone, names, telephone
from tests.calls.test_recordings_kept import first, is_kept

LOUD = Phone(script=(Speak(beep() * 400), Wait(300)))
"""Somebody who never stops."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path, "twilio") as running:
        yield running


async def recorded(world: Telephone) -> str:
    """A call that is recorded and has its stream."""
    world.carrier.phones[CUSTOMER] = LOUD
    await world.register()
    placed = await world.dial(record=True)
    call_id = str(placed["id"])
    await world.until(call_id, lambda one: {"stream-started", "recording-started"} <= {*names(one)})
    return call_id


async def ask(world: Telephone, call_id: str, do: str, **more: object) -> Any:
    body = {"do": do} | more
    return await world.api.post(f"/api/calls/{call_id}/recording", json=body)


async def result(world: Telephone, call_id: str, do: str, **more: object) -> str:
    answer = await ask(world, call_id, do, **more)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["result"])


async def status(world: Telephone, call_id: str) -> str:
    return str(first(await world.call(call_id)).get("status"))


async def file_of(world: Telephone, call_id: str) -> bytes:
    await world.api.post(f"/api/calls/{call_id}/hangup")
    call = await world.until(call_id, is_kept, within=60)
    return (await world.api.get(first(call)["file"])).content


def silent_seconds(wav: bytes) -> list[bool]:
    """For each half second of the caller's side, whether it is silent."""
    with wave.open(io.BytesIO(wav)) as file:
        assert file.getnchannels() == 2
        pcm = file.readframes(file.getnframes())
    left = b"".join(pcm[at : at + 2] for at in range(0, len(pcm), 4))
    return [level(left[at : at + 8000]) < -50 for at in range(0, len(left) - 8000, 8000)]


async def test_a_pause_is_confirmed_shown_and_silent_in_the_file(world: Telephone) -> None:
    call_id = await recorded(world)
    await asyncio.sleep(0.4)
    assert await result(world, call_id, "pause") == "paused"
    assert await status(world, call_id) == "paused"
    await asyncio.sleep(0.5)
    assert await result(world, call_id, "resume") == "resumed"
    assert await status(world, call_id) == "recording"
    await asyncio.sleep(0.4)
    seen = names(await world.call(call_id))
    order = ["recording-pause-asked", "recording-paused", "recording-resume-asked"]
    assert [name for name in seen if name in order] == order
    quiet = silent_seconds(await file_of(world, call_id))
    assert not quiet[0]
    assert 3 <= sum(quiet) <= len(quiet) - 2
    at = quiet.index(True)
    assert all(quiet[at : at + 3])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["error_before", "error_after", "drop_answer"])
async def test_a_pause_that_is_not_confirmed_is_not_said_to_be_one(
    world: Telephone, fault: str
) -> None:
    call_id = await recorded(world)
    world.carrier.faults.rest = "^POST .*/Recordings/"
    setattr(world.carrier.faults, fault, 1.0)
    assert (await ask(world, call_id, "pause")).status_code == 502
    assert await status(world, call_id) == "recording"
    call = await world.call(call_id)
    assert "recording-pause-refused" in names(call)
    assert "recording-paused" not in names(call)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "error_after"])
async def test_a_pause_ends_by_itself_confirmed_or_not(world: Telephone, fault: str) -> None:
    """Where nobody knows whether the carrier has paused, it is told to go on all the same."""
    call_id = await recorded(world)
    if fault:
        world.carrier.faults.rest = "^POST .*/Recordings/"
        setattr(world.carrier.faults, fault, 1.0)
    await ask(world, call_id, "pause", resume_after=4)
    if fault:
        setattr(world.carrier.faults, fault, 0.0)
    call = await world.until(call_id, lambda one: "recording-resumed" in names(one))
    assert first(call)["status"] == "recording"
    assert not all(silent_seconds(await file_of(world, call_id))[-1:])


@pytest.mark.slow
async def test_a_pause_goes_on_being_ended_while_the_carrier_refuses(world: Telephone) -> None:
    call_id = await recorded(world)
    assert await result(world, call_id, "pause", resume_after=2) == "paused"
    world.carrier.faults.rest = "^POST .*/Recordings/"
    world.carrier.faults.error_before = 1.0
    await world.eventually(lambda: world.carrier.faults.happened["error_before"] >= 2)
    assert await status(world, call_id) == "paused"
    world.carrier.faults.error_before = 0.0
    await world.until(call_id, lambda one: first(one)["status"] == "recording")


@pytest.mark.slow
async def test_a_later_pause_is_not_ended_by_the_clock_of_an_earlier(world: Telephone) -> None:
    call_id = await recorded(world)
    await result(world, call_id, "pause", resume_after=5)
    await result(world, call_id, "resume")
    await result(world, call_id, "pause", resume_after=3600)
    await asyncio.sleep(1.2)
    assert await status(world, call_id) == "paused"


async def test_one_recording_is_started_once_and_started_again_after_its_stop(
    world: Telephone,
) -> None:
    call_id = await recorded(world)
    assert await result(world, call_id, "start") == "started"
    assert len(world.carrier.ledger.all(What.RECORDING_STARTED)) == 1
    assert await result(world, call_id, "pause") == "paused"
    answer = await ask(world, call_id, "start")
    assert answer.status_code == 409
    assert "(paused)" in answer.json()["detail"]
    assert await result(world, call_id, "stop") == "stopped"
    assert await status(world, call_id) in ("stopped", "completed")
    answer = await ask(world, call_id, "pause")
    assert answer.status_code == 409
    assert "(not-running)" in answer.json()["detail"]
    assert await result(world, call_id, "start") == "started"
    call = await world.call(call_id)
    assert [one["n"] for one in call["recordings"]] == [1, 2]
    assert len(world.carrier.ledger.all(What.RECORDING_STARTED)) == 2


async def test_a_wrong_wish_is_422(world: Telephone) -> None:
    call_id = await recorded(world)
    for body in (
        {"do": "resume", "resume_after": 5},
        {"do": "pause", "resume_after": 0},
        {"do": "pause", "resume_after": 3601},
        {"do": "rewind"},
    ):
        answer = await world.api.post(f"/api/calls/{call_id}/recording", json=body)
        assert answer.status_code == 422, body
    assert "recording-pause-asked" not in names(await world.call(call_id))


@pytest.mark.parametrize(("provider", "refused"), [("plivo", 0), ("plivo", 2), ("plivo", 9)])
async def test_a_start_that_comes_too_early_is_repeated_three_times(
    tmp_path: Path, provider: str, refused: int
) -> None:
    """404 is what a call gets that does not count as answered yet."""
    async with telephone(tmp_path, provider) as world:
        world.carrier.phones[CUSTOMER] = LOUD
        await world.register()
        refuse_starts(world, refused)
        placed = await world.dial(record=True)
        expected = "recording-started" if refused < 4 else "recording-failed"
        call = await world.until(placed["id"], lambda one: expected in names(one))
        assert names(call).count("recording-failed") == (refused >= 4)
        assert len(world.carrier.ledger.all(What.RECORDING_STARTED)) == (refused < 4)
        assert call["ended_at"] is None


def refuse_starts(world: Telephone, times: int) -> None:
    """The carrier knows no such live call, so often."""
    carrier: Any = world.carrier
    carrier.quirks.record_refusals = times


async def test_an_agent_gets_the_result_or_the_reason(tmp_path: Path) -> None:
    agents = ("tests.calls.strange_agents:card_taker",)
    for provider, outcome in (("twilio", "asked"), ("plivo", "not asked: UnsupportedByProvider")):
        folder = tmp_path / provider
        folder.mkdir()
        async with telephone(folder, provider, agents) as world:
            world.carrier.phones[CUSTOMER] = LOUD
            await world.register(agent="card_taker")
            placed = await world.dial(record=True)
            call = await world.until(placed["id"], lambda one: one["outcome"] is not None)
            assert call["outcome"] == outcome
