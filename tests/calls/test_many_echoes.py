"""A thousand calls are echoed, each with sound of its own: bit for bit, nothing lost, nothing twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from linecard.media import g711
from linecard.simulator import SimulatedCarrier
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait, WaitForSilence, WaitForSound
from tests.calls.lines import CARRIERS, Line, line
from tests.calls.telephone import Telephone

SAMPLES = 8000
SIDE_BY_SIDE = 10
HEARD = {"twilio": g711.decode_pcmu}
"""What a played byte sounds like, where the line is no L16."""


def sound_of(number: int) -> bytes:
    """A second of noise that no other call has, of samples that PCMU has too."""
    return g711.decode_pcmu(random.Random(number).randbytes(SAMPLES))


def _phone(number: int) -> Phone:
    """Who hangs up once all of it has come back, however late that begins on a busy machine."""
    heard = (WaitForSound(), WaitForSilence(), Wait(1))
    return Phone(script=(Wait(3), Speak(sound_of(number)), *heard), hangs_up=True)


@pytest.mark.parametrize(
    "calls", [10, pytest.param(340, marks=pytest.mark.crowd)], ids=["some", "many"]
)
@pytest.mark.parametrize("provider", CARRIERS)
async def test_each_call_hears_itself_whole_and_once(
    provider: str, calls: int, tmp_path: Path
) -> None:
    async with line(tmp_path, provider) as one:
        await one.route({}, agent="echo", channels=calls)
        for start in range(0, calls, SIDE_BY_SIDE):
            await _crowd(one, range(start, min(start + SIDE_BY_SIDE, calls)))


async def _crowd(one: Line, numbers: range) -> None:
    """Calls side by side, all of which have come to their end."""
    carrier = one.world.carrier
    ids = {
        number: await carrier.call_in(f"{one.customer[:-4]}{number:04}", one.ours, _phone(number))
        for number in numbers
    }
    await one.world.eventually(lambda: _all_over(one.world, numbers), within=60)
    for number, call in ids.items():
        _check(carrier, call, sound_of(number))


async def _all_over(world: Telephone, numbers: range) -> bool:
    """Whether all of this crowd, the newest calls, have ended."""
    query = f"/api/calls?status=completed&limit={len(numbers)}"
    items = (await world.api.get(query)).json()["items"]
    over = [item["from"] for item in items]
    return len(over) == len(numbers) and all(int(one[-4:]) in numbers for one in over)


def _check(carrier: SimulatedCarrier, call: str, said: bytes) -> None:
    (playback,) = carrier.playbacks(call)
    heard = HEARD.get(carrier.name, bytes)(bytes(playback.played))
    before, once, after = heard.partition(said)
    assert once, "the sound is not there, or not as it was said"
    assert not any(before), "something was played before"
    assert not any(after), "something was played behind, or twice"
    assert not playback.dropped
