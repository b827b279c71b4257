from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.core.live.world import CALL, Socket, World, soon, world

from linecard import GateRefused, LiveCall, TransferResult
from linecard.agents import Agents, run_agent, sounds

HUMAN = "+14155550177"


@asynccontextmanager
async def _running(
    name: str, metadata: dict[str, object] | None = None
) -> AsyncIterator[tuple[World, Socket, asyncio.Task[None]]]:
    from dataclasses import replace

    async with world() as one:
        one.live = LiveCall(replace(CALL, metadata=metadata or {}), one.control, one.clock)
        socket = one.attach()
        task = asyncio.create_task(run_agent(Agents().find(name), one.live))
        yield one, socket, task
        one.live.finish("the test is over")
        await task


async def test_echo_says_back_what_it_hears_sample_for_sample() -> None:
    async with _running("echo") as (one, socket, _):
        await soon(lambda: one.live._inbox.on_audio)
        said = [os.urandom(320) for _ in range(100)]
        for frame in said:
            socket.speaks(frame)
        await soon(lambda: len(socket.frames()) == 32_000)
        assert socket.frames() == b"".join(said)


def _has(socket: Socket, sound: bytes) -> Callable[[], bool]:
    return lambda: sound in socket.frames()


async def test_the_greeting_is_played_and_a_key_cuts_it_short() -> None:
    greeting = sounds.melody(sounds.GREETING, 8000)
    async with _running("greeter") as (_, socket, _task):
        await soon(lambda: len(socket.frames()) > 8000)
        assert greeting.startswith(socket.frames()[:8000])
        socket.presses("3")
        await soon(_has(socket, sounds.beeps(3, 8000)))
        assert ["clear"] in socket.sent
        assert greeting not in socket.frames()


async def test_keys_that_are_no_digits_are_said_back_as_tones() -> None:
    async with _running("greeter") as (_, socket, _task):
        await soon(socket.frames)
        socket.presses("*")
        await soon(_has(socket, sounds.repeated("*", 8000)))


async def test_its_end_key_ends_the_call_after_a_goodbye() -> None:
    async with _running("greeter") as (one, socket, task):
        await soon(socket.frames)
        socket.presses("#")
        await task
        assert _has(socket, sounds.melody(sounds.GOODBYE, 8000))()
        assert one.control.log[-1] == ("agent_finished", "c1", "completed")


async def test_half_a_minute_without_a_key_ends_the_call() -> None:
    async with _running("greeter") as (one, _, task):
        began = one.clock.now()
        await task
        assert one.clock.now() - began >= 30


async def test_zero_connects_with_a_human() -> None:
    async with _running("greeter", {"transfer_to": HUMAN}) as (one, socket, task):
        await soon(socket.frames)
        socket.presses("0")
        await soon(lambda: "shut" in one.control.names())
        assert one.control.log[0] == ("transfer", "c1", (HUMAN,), "warm", 25)
        assert _has(socket, sounds.melody(sounds.CONNECTING, 8000))()
        one.live.leg_bridged()
        await task
        assert one.live.handed_over


async def test_a_busy_human_is_said_and_the_greeter_goes_on() -> None:
    async with _running("greeter", {"transfer_to": HUMAN}) as (one, socket, _):
        await soon(socket.frames)
        socket.presses("0")
        await soon(lambda: "shut" in one.control.names())
        one.live.transfer_ended(TransferResult.BUSY)
        again = one.attach()
        await soon(_has(again, sounds.melody(sounds.SORRY, 8000)))
        again.presses("2")
        await soon(_has(again, sounds.beeps(2, 8000)))


@pytest.mark.parametrize("metadata", [{}, {"transfer_to": 5}, {"transfer_to": HUMAN}])
async def test_where_no_human_can_be_had_it_says_sorry(metadata: dict[str, object]) -> None:
    async with _running("greeter", metadata) as (one, socket, _):
        one.control.refusals["transfer"] = GateRefused("to", "not on the list")
        await soon(socket.frames)
        with capture_logs() as logs:
            socket.presses("0")
            await soon(_has(socket, sounds.melody(sounds.SORRY, 8000)))
        assert [entry["reason"] for entry in logs] == ["not on the list"] * (
            metadata.get("transfer_to") == HUMAN
        )


@pytest.mark.parametrize("rate", [8000, 16000])
def test_sounds_are_heard_and_do_not_clip(rate: int) -> None:
    for notes in (sounds.GREETING, sounds.CONNECTING, sounds.SORRY, sounds.GOODBYE):
        samples = np.frombuffer(sounds.melody(notes, rate), "<i2").astype(int)
        assert 5000 < np.abs(samples).max() < 20_000
        assert len(samples) == pytest.approx(sum(long for _, long in notes) * rate, abs=10)
