"""The two channels of a file: the caller alone on the left, the agent alone on the right, silence kept."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import HangUp, Speak, Wait
from linecard.simulator.sound import level
from linecard.simulator.speech import beep
from tests.calls.telephone import CUSTOMER, OURS, Telephone, telephone
from tests.calls.test_recordings_kept import first, is_kept

CARRIERS = ("plivo", "twilio", "exotel")
QUIET, WINDOW = 6.0, 0.25
PHONE = Phone(script=(Wait(QUIET), Speak(beep() * 5), Wait(2), HangUp()))
"""Silent for some seconds, then one sound, then silence again."""


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


async def file_of(world: Telephone) -> tuple[bytes, float]:
    """The kept file of a call, and how long the call was."""
    world.carrier.phones[CUSTOMER] = PHONE
    await world.register(agent="speaks_once", options=dict(world.carrier.number_options()))
    shown = (await world.api.get(f"/api/numbers/{OURS}")).json()
    world.carrier.set_up(OURS, [step["paste"] for step in shown["setup"] if step["paste"]])
    placed = await world.dial(record=True)
    call = await world.until(placed["id"], is_kept, within=60)
    assert first(call)["channels"] == 2
    return (await world.api.get(first(call)["file"])).content, QUIET + 1 + 2


@pytest.mark.parametrize("provider", CARRIERS)
async def test_caller_and_agent_are_apart_and_in_time(tmp_path: Path, provider: str) -> None:
    agents = ("tests.calls.strange_agents:speaks_once",)
    async with telephone(tmp_path, provider, agents) as world:
        wav, seconds = await file_of(world)
        caller, agent, length = loud(wav)
        assert caller
        assert agent
        assert not set(caller) & set(agent), (caller, agent)
        assert max(agent) < min(caller)
        assert min(caller) > QUIET / 2
        assert length > seconds * 0.7
