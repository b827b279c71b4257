"""Keys of a live call: what is gathered, what is pressed, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.core.live.world import soon, turns, world
from tests.core.media.lines import Wire

from linecard import CallEnded, DigitPressed, InvalidField, OptedOut
from linecard.media.tones import dtmf

SECOND = 16_000


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"digits": 0}, "digits"),
        ({"digits": 65}, "digits"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"first_seconds": 0}, "first_seconds"),
        ({"seconds": 14_401}, "seconds"),
        ({"finish_on": "x"}, "finish_on"),
    ],
)
async def test_what_could_never_be_gathered_is_refused(how: dict[str, Any], field: str) -> None:
    async with world() as one:
        one.attach()
        with pytest.raises(InvalidField) as refusal:
            await one.live.gather(**how)
        assert refusal.value.field == field


async def test_the_first_key_may_take_longer_than_the_others() -> None:
    async with world() as one:
        socket = one.attach()
        gathering = asyncio.create_task(one.live.gather(4, seconds=2, first_seconds=60))
        await one.clock.sleep(6)
        socket.presses("7")
        assert await gathering == "7"
        assert await one.live.gather(4, seconds=60, first_seconds=0.1) == ""


async def test_keys_after_the_end_are_nobodys() -> None:
    async with world() as one:
        socket = one.attach()
        await one.live.hang_up(now=True)
        socket.presses("12")
        assert [type(await anext(one.live))] == [CallEnded]
        with pytest.raises(StopAsyncIteration):
            await anext(one.live)


async def test_more_tones_than_there_is_room_for_wait_and_none_is_lost() -> None:
    async with world() as one:
        socket = one.attach(Wire(has_marks=False, has_digits=False))
        one.live.send_nowait(bytes(29 * SECOND))
        await one.live.send_digits("12" * 32)
        await soon(lambda: socket.frames().endswith(dtmf("12" * 32, 8000)))


async def test_a_key_by_which_one_opts_out_is_told_once() -> None:
    async with world() as one:
        socket = one.attach()
        one.live.opt_out_key = "9"
        socket.presses("199")
        await turns()
        assert [entry for entry in one.control.log if entry[0] == "opt_out"] == [("opt_out", "c1")]
        told = [await anext(one.live) for _ in range(4)]
        assert told == [DigitPressed("1"), DigitPressed("9"), OptedOut(), DigitPressed("9")]
        assert one.live.outcome == "opted-out"
