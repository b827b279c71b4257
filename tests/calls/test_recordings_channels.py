"""The two channels of a file: the caller alone on the left, the agent alone on the right, silence kept."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import HangUp, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.sound import level
from linecard.simulator.speech import beep
from linecard.testing.telephone import set_up
from tests.calls.telephone import CUSTOMER, OURS, Telephone, telephone
from tests.calls.test_recordings_kept import first, is_kept

CARRIERS = ("plivo", "twilio", "exotel")
WINDOW = 0.25
PHONE = Phone(script=(WaitForSound(), WaitForSilence(1.0), Speak(beep() * 5), Wait(3), HangUp()))
"""Listens to the end, then says one thing, and is silent again."""


def loud(wav: bytes) -> tuple[list[float], list[float], float]:
    """When each channel is loud, in seconds from the beginning; and how long the file is."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    step = int(WINDOW * rate) * 4
    parts = [pcm[at : at + step] for at in range(0, len(pcm), step)]
    left, right = ([_is_loud(part, side) for part in parts] for side in (0, 2))
    times = [
        [place * WINDOW for place, is_loud in enumerate(one) if is_loud] for one in (left, right)
    ]
    return times[0], times[1], len(pcm) / 4 / rate


def _is_loud(part: bytes, side: int) -> bool:
    one = b"".join(part[at + side : at + side + 2] for at in range(0, len(part) - 3, 4))
    return level(one) > -45


async def file_of(world: Telephone) -> bytes:
    """The kept file of a call."""
    world.carrier.phones[CUSTOMER] = PHONE
    await world.register(agent="speaks_once", options=dict(world.carrier.number_options()))
    await set_up(world.api, world.carrier, OURS)
    placed = await world.dial(record=True)
    call = await world.until(placed["id"], is_kept, within=60)
    assert first(call)["channels"] == 2
    return (await world.api.get(first(call)["file"])).content


@pytest.mark.parametrize("provider", CARRIERS)
async def test_caller_and_agent_are_apart_and_in_time(tmp_path: Path, provider: str) -> None:
    agents = ("tests.calls.strange_agents:speaks_once",)
    async with telephone(tmp_path, provider, agents) as world:
        caller, agent, length = loud(await file_of(world))
        assert caller, "the caller is not on the left"
        assert agent, "the agent is not on the right"
        assert not set(caller) & set(agent), (caller, agent)
        assert max(agent) < min(caller)
        # Nothing was cut off: silence stands before the first sound and behind the last.
        assert min(agent) > 0
        assert length > max(caller) + 1
