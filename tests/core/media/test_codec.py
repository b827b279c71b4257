from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import AudioFormat, Encoding, same_both_ways
from linecard.media.codec import Codec, silence

BIG = same_both_ways(AudioFormat(Encoding.L16, 8000, "big"))
LITTLE = same_both_ways(AudioFormat(Encoding.L16, 8000))


@given(st.binary(max_size=2000), st.lists(st.integers(1, 400), min_size=1))
def test_half_samples_are_never_lost_or_shifted(data: bytes, sizes: list[int]) -> None:
    codec, out, at = Codec(LITTLE), bytearray(), 0
    while at < len(data):
        size = sizes[at % len(sizes)]
        out += codec.encode(data[at : at + size])
        at += size
    assert bytes(out) == data[: len(data) - len(data) % 2]


def test_little_endian_l16_is_the_agents_own_pcm() -> None:
    pcm = bytes(range(256))
    codec = Codec(LITTLE)
    assert codec.encode(pcm) is pcm
    assert codec.heard(codec.pcm(pcm)) is pcm


def test_big_endian_is_swapped_both_ways() -> None:
    codec = Codec(BIG)
    assert codec.encode(b"\x01\x02\x03\x04") == b"\x02\x01\x04\x03"
    assert codec.pcm(b"\x01\x02\x03\x04") == b"\x02\x01\x04\x03"


@pytest.mark.parametrize(
    ("encoding", "byte"), [(Encoding.PCMU, 0xFF), (Encoding.PCMA, 0xD5), (Encoding.L16, 0)]
)
def test_silence_is_the_encodings_own(encoding: Encoding, byte: int) -> None:
    assert set(silence(AudioFormat(encoding, 8000), 320)) == {byte}


@pytest.mark.parametrize("rate", [16000, 24000, 48000])
def test_another_rate_gives_exact_frames(rate: int) -> None:
    codec = Codec(LITTLE, rate)
    tone = (np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000) * 9000).astype("<i2")
    sizes = [len(codec.heard(frame.tobytes())) for frame in tone.reshape(-1, 160)]
    assert set(sizes[1:]) == {rate // 50 * 2}
    back = [len(codec.encode(bytes(rate // 50 * 2))) for _ in range(20)]
    assert set(back[1:]) == {320}


def test_a_tone_keeps_its_frequency_and_level_through_another_rate() -> None:
    codec = Codec(LITTLE, 16000)
    tone = (np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000) * 9000).astype("<i2")
    heard = b"".join(codec.heard(frame.tobytes()) for frame in tone.reshape(-1, 160))
    spectrum = np.abs(np.fft.rfft(np.frombuffer(heard, "<i2")[1600:]))
    peak = np.argmax(spectrum) * 16000 / (len(heard) // 2 - 1600)
    assert abs(peak - 440) < 2
    level = np.frombuffer(heard, "<i2")[1600:].astype(float).std()
    assert abs(level - 9000 / 2**0.5) < 200
