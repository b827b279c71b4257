"""RNNoise at work: noisy speech becomes clearer, as late as it says, at both rates that lines have."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from benchmarks.noisy_speech import Samples, noisy, ratio, samples, spoken
from tests.calls.telephone import CUSTOMER as NUMBER
from tests.calls.telephone import telephone
from tests.core.media.test_blockwise import late_by

import linecard
from linecard import AudioFormat, Encoding, same_both_ways
from linecard.demo.voices import CUSTOMER, HUMAN, Voice
from linecard.simulator.phone import Phone
from linecard.simulator.script import Speak, Wait
from linecard_rnnoise import RNNoise, library
from linecard_rnnoise.plugin import enhancer

installed = pytest.mark.skipif(
    importlib.util.find_spec("pyrnnoise") is None,
    reason="pyrnnoise is not installed: linecard[rnnoise]",
)


def through(one: linecard.Enhancer, sound: bytes, size: int) -> bytes:
    frames = [sound[place : place + size] for place in range(0, len(sound), size)]
    made = [one.process(frame) for frame in frames]
    assert [len(it) for it in made] == [len(it) for it in frames]
    return b"".join(made)


def by_segment(clean: Samples, heard: Samples, size: int) -> float:
    """The same by pieces of 20 ms in which somebody speaks, each between -10 and 35 dB: as an ear judges."""
    count = len(clean) // size
    pieces = zip(
        np.split(clean[: count * size], count), np.split(heard[: count * size], count), strict=True
    )
    found = [ratio(one, other) for one, other in pieces if np.sqrt(np.mean(one**2)) > 100]
    return float(np.mean(np.clip(found, -10, 35)))


@installed
@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("voice", [CUSTOMER, HUMAN], ids=["low", "middle"])
@pytest.mark.parametrize(("decibels", "gain"), [(0, 4.0), (5, 3.0)])
def test_noisy_speech_becomes_clearer(
    rate: int, voice: Voice, decibels: float, gain: float
) -> None:
    clean = spoken(rate, voice)
    given = noisy(clean, rate, decibels)
    one = enhancer(rate)
    late = round(one.delay_ms * rate / 1000)
    made = samples(through(one, given, rate // 50 * 2))[late:]
    wanted, before = samples(clean)[: len(made)], samples(given)[: len(made)]
    assert ratio(wanted, made) > ratio(wanted, before) + gain
    size = rate // 50
    assert by_segment(wanted, made, size) > by_segment(wanted, before, size) + gain
    pauses = np.abs(wanted) < 1
    assert np.std(made[pauses]) < np.std(before[pauses]) / 4  # 12 dB
    one.close()


@installed
@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("ms", [20, 30, 100])
def test_the_delay_told_is_the_delay_measured(rate: int, ms: int) -> None:
    clean = spoken(rate)
    one = enhancer(rate)
    made = through(one, clean, rate * ms // 1000 * 2)
    assert 1000 * late_by(clean, made) / rate == pytest.approx(one.delay_ms, abs=0.5)
    assert one.delay_ms == pytest.approx(25, abs=3)
    assert enhancer(rate).delay_ms == 25
    one.close()


@installed
def test_streams_share_nothing_and_close_twice_is_no_harm() -> None:
    given = noisy(spoken(8000), 8000, 5)
    first, second = enhancer(8000), enhancer(8000)
    alone = through(enhancer(8000), given, 320)
    beside = [
        (first.process(given[place : place + 320]), second.process(bytes(320)))
        for place in range(0, len(given) - 319, 320)
    ]
    assert b"".join(one for one, _ in beside) == alone[: 320 * len(beside)]
    assert {one for _, one in beside} == {bytes(320)}
    first.close()
    first.close()


def test_without_the_package_it_is_offered_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "PACKAGE", "no_such_rnnoise")
    library._library.cache_clear()
    (offer,) = RNNoise().enhancers()
    assert (offer.name, offer.lacking) == (
        "rnnoise",
        "the package no_such_rnnoise is not installed; pip install 'linecard[rnnoise]'",
    )
    with pytest.raises(linecard.LinecardError, match="pip install"):
        enhancer(8000)


def test_calls_that_ask_for_another_are_none_of_its_business() -> None:
    call = linecard.Call(
        id="c1",
        provider="acme",
        account="main",
        direction=linecard.Direction.INBOUND,
        from_=None,
        to="+14155550100",
        number="+14155550100",
        agent="echo",
        profile="test",
        status=linecard.CallStatus.IN_PROGRESS,
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
        enhance="aic",
    )
    line = same_both_ways(AudioFormat(Encoding.PCMU, 8000))
    assert RNNoise().enhance(call, line) is None


@installed
@pytest.mark.slow
async def test_a_whole_call_says_what_it_adds(tmp_path: Path) -> None:
    talker = Phone(script=(Wait(0.3), Speak(noisy(spoken(8000), 8000, 5))), hangs_up=True)
    async with telephone(tmp_path, "twilio", speed=2) as world:
        world.carrier.phones[NUMBER] = talker
        await world.register(enhance="rnnoise")
        call = await world.ended((await world.dial())["id"])
    (said,) = (event["facts"] for event in call["events"] if event["name"] == "enhanced")
    assert (said["by"], said["delay_ms"]) == ("rnnoise", 25.0)
    assert said["started_in_ms"] > 0
    assert "enhancer-failed" not in [event["name"] for event in call["events"]]
