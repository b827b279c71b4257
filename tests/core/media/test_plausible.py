from __future__ import annotations

import io
import random
import wave

import numpy as np
import pytest
from tests.core.media.lines import START, TICK, Line, media, profile

from linecard import AudioFormat, Encoding, same_both_ways
from linecard.media import g711
from linecard.media.pcm import byteswap, roughness
from linecard.media.plausible import MOST_CHECKS, Plausibility
from linecard.media.tap import CallTap

LINES = {
    "L16 little-endian": AudioFormat(Encoding.L16, 8000),
    "L16 big-endian": AudioFormat(Encoding.L16, 8000, "big"),
    "PCMU": AudioFormat(Encoding.PCMU, 8000),
    "PCMA": AudioFormat(Encoding.PCMA, 8000),
}


def _speech(seconds: float = 0.5) -> bytes:
    """Harmonics of a voice's pitch, falling off as in a vowel."""
    moments = np.arange(int(8000 * seconds)) / 8000
    voice = sum(np.sin(2 * np.pi * 140 * part * moments) / part**1.5 for part in range(1, 20))
    return bytes((np.asarray(voice) * 6000).astype("<i2").tobytes())


CARRIED = {
    "L16 little-endian": _speech(),
    "L16 big-endian": byteswap(_speech()),
    "PCMU": g711.encode_pcmu(_speech()),
    "PCMA": g711.encode_pcma(_speech()),
}


@pytest.mark.parametrize("name", LINES)
def test_audio_that_is_what_was_declared_is_believed(name: str) -> None:
    check = Plausibility(LINES[name])
    assert check.heard(CARRIED[name]) is None
    assert check.is_done


@pytest.mark.parametrize(
    ("declared", "carried"),
    [
        ("L16 little-endian", "L16 big-endian"),
        ("L16 big-endian", "L16 little-endian"),
        ("L16 little-endian", "PCMU"),
        ("L16 little-endian", "PCMA"),
        ("PCMU", "L16 little-endian"),
        ("PCMA", "L16 big-endian"),
        ("PCMA", "PCMU"),
        ("PCMU", "PCMA"),
    ],
)
def test_audio_that_cannot_be_is_said_in_one_sentence(declared: str, carried: str) -> None:
    said = Plausibility(LINES[declared]).heard(CARRIED[carried] * 2)
    assert said is not None
    assert f"declared {declared} at 8000 Hz" in said.reason
    assert carried in said.reason
    assert said.really in (None, LINES[carried])


@pytest.mark.parametrize("name", LINES)
def test_noise_and_silence_are_no_reason_to_doubt(name: str) -> None:
    check = Plausibility(LINES[name])
    assert check.heard(random.Random(1).randbytes(32_000)) is None
    check = Plausibility(LINES[name])
    quiet = bytes((0xFF,)) if name == "PCMU" else b"\xd5" if name == "PCMA" else b"\0"
    for _ in range(MOST_CHECKS):
        assert not check.is_done
        assert check.heard(quiet * 3200) is None
    assert check.is_done


def test_the_call_is_told_once() -> None:
    line = Line(profile(same_both_ways(LINES["L16 big-endian"])))
    sound = _speech(2.0)
    for at in range(0, len(sound), 320):
        line.session.receive(media(sound[at : at + 320]))
    assert [name for name, _ in line.ear.facts] == ["audio-doubtful"]
    assert line.session.is_open


@pytest.mark.parametrize(
    ("declared", "carried"),
    [
        ("L16 little-endian", "L16 big-endian"),
        ("L16 big-endian", "L16 little-endian"),
        ("L16 little-endian", "PCMU"),
        ("L16 big-endian", "PCMA"),
    ],
)
def test_where_it_is_certain_the_line_is_read_as_what_it_is(declared: str, carried: str) -> None:
    """From the first 200 ms on the agent hears the caller."""
    line = Line(profile(same_both_ways(LINES[declared])))
    sound = _speech(2.0)
    sent = {"PCMU": g711.encode_pcmu, "PCMA": g711.encode_pcma, "L16 big-endian": byteswap}
    carries = sent.get(carried, bytes)(sound)
    size = 160 if carried.startswith("PCM") else 320
    for at in range(0, len(carries), size):
        line.session.receive(media(carries[at : at + size]))
    heard = {"PCMU": g711.decode_pcmu, "PCMA": g711.decode_pcma}.get(carried, lambda _: sound)
    last = heard(carries)[-16_000:]
    assert bytes(line.ear.audio[-16_000:]) == last
    ((_, facts),) = line.ear.facts
    assert f"it is read as {carried} from here on" in str(facts["reason"])


def test_the_tap_hears_it_too() -> None:
    file, declared = io.BytesIO(), same_both_ways(LINES["L16 little-endian"])
    call = CallTap(file, 8000, START)
    line = Line(profile(declared), tap=call.stream(declared))
    sound = _speech(2.0)
    carried = byteswap(sound)
    for at in range(0, len(carried), 320):
        line.session.receive(media(carried[at : at + 320]))
        line.clock.moment += TICK
    call.close(line.clock.now())
    with wave.open(io.BytesIO(file.getvalue())) as wav:
        both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    assert both[-8000:, 0].tobytes() == sound[-16_000:]


def test_a_shouting_caller_is_believed() -> None:
    loud = (np.frombuffer(_speech(), "<i2").astype(float) * 6).clip(-32768, 32767)
    for name, encode in (("L16 little-endian", bytes), ("PCMU", g711.encode_pcmu)):
        assert Plausibility(LINES[name]).heard(encode(loud.astype("<i2").tobytes())) is None


def test_roughness_is_low_for_a_low_tone_and_high_for_noise() -> None:
    low = (9000 * np.sin(np.arange(8000) * 2 * np.pi * 300 / 8000)).astype("<i2").tobytes()
    assert roughness(low) < 0.3
    assert 1.3 < roughness(random.Random(1).randbytes(16_000)) < 1.5
