"""What the caller hears is what the agent played, on every stream profile, to the byte on the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from linecard.media import g711
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.agents import recital
from tests.calls.telephone import CUSTOMER, telephone

EXPECTED = {
    "l16-8000": recital(8000),
    "l16-16000": recital(16000),
    "pcmu-8000": g711.encode_pcmu(recital(8000)),
}


@pytest.mark.parametrize("profile", EXPECTED)
async def test_the_caller_hears_the_agent_to_the_byte(tmp_path: Path, profile: str) -> None:
    async with telephone(tmp_path, agents=("tests.calls.agents:reciter",)) as world:
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(60),))
        await world.register(agent="reciter", stream=profile)
        placed = await world.dial()
        call = await world.until(placed["id"], lambda one: one["outcome"] is not None)
        await world.ended(placed["id"])
        assert call["outcome"] == "heard"
        playback = world.carrier.playbacks(call["carrier_ids"]["call_uuid"])[0]
        assert bytes(playback.played) == EXPECTED[profile]
        assert playback.overflowed == 0
        started = next(event for event in call["events"] if event["name"] == "stream-started")
        assert started["facts"]["profile"] == profile
