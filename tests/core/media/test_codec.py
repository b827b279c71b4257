from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import (
    AudioFormat,
    Encoding,
    StreamCodec,
    StreamFormat,
    StreamStarted,
    same_both_ways,
)
from linecard.media import g711
from linecard.media.codec import Codec, corrected

LITTLE = AudioFormat(Encoding.L16, 8000)
BIG = AudioFormat(Encoding.L16, 8000, "big")
PCMU = AudioFormat(Encoding.PCMU, 8000)
PCMA = AudioFormat(Encoding.PCMA, 8000)
LINES = [LITTLE, BIG, PCMU, PCMA]


def _codec(line: AudioFormat, rate: int | None = None) -> Codec:
    return Codec(same_both_ways(line), rate)


def _tone(rate: int, seconds: float = 1.0, hertz: int = 440) -> bytes:
    wave = np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * hertz / rate)
    return bytes((wave * 9000).astype("<i2").tobytes())


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.binary(max_size=2000), st.lists(st.integers(1, 400), min_size=1), st.sampled_from(LINES))
def test_half_samples_are_never_lost_or_shifted(
    data: bytes, sizes: list[int], line: AudioFormat
) -> None:
    codec, out, at, turn = _codec(line), b"", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        out += codec.encode(data[at : at + size])
        at, turn = at + size, turn + 1
    assert out == _codec(line).encode(data[: len(data) & ~1])


@given(st.binary(max_size=2000), st.lists(st.integers(1, 400), min_size=1))
def test_half_samples_of_the_caller_are_kept_too(data: bytes, sizes: list[int]) -> None:
    codec, out, at, turn = _codec(BIG), b"", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        out += codec.decode(data[at : at + size])
        at, turn = at + size, turn + 1
    assert out == _codec(BIG).decode(data[: len(data) & ~1])


def test_little_endian_l16_is_the_agents_own_pcm_uncopied() -> None:
    pcm = bytes(range(256))
    assert _codec(LITTLE).encode(pcm) is pcm
    assert _codec(LITTLE).decode(pcm) is pcm


def test_big_endian_is_swapped_both_ways() -> None:
    assert _codec(BIG).encode(b"\x01\x02\x03\x04") == b"\x02\x01\x04\x03"
    assert _codec(BIG).decode(b"\x01\x02\x03\x04") == b"\x02\x01\x04\x03"


def test_each_direction_has_its_own_encoding() -> None:
    codec = Codec(StreamFormat(inbound=PCMA, outbound=PCMU))
    assert codec.decode(b"\xd5\x55") == g711.decode_pcma(b"\xd5\x55")
    assert codec.encode(b"\x00\x10") == g711.encode_pcmu(b"\x00\x10")


@pytest.mark.parametrize(("line", "silence"), [(PCMU, b"\xff"), (PCMA, b"\xd5"), (BIG, b"\0\0")])
def test_silence_is_the_encodings_own(line: AudioFormat, silence: bytes) -> None:
    assert _codec(line).silence == silence
    assert _codec(line).encode(b"\0\0") == silence


@pytest.mark.parametrize("rate", [16000, 24000, 32000, 48000])
@pytest.mark.parametrize("line", LINES)
def test_another_rate_gives_an_exact_frame_every_time(rate: int, line: AudioFormat) -> None:
    codec = _codec(line, rate)
    caller = _pieces(_codec(line).encode(_tone(8000)), line.frame_bytes)
    assert {len(codec.decode(frame)) for frame in caller} == {rate // 50 * 2}
    agent = _pieces(_tone(rate), rate // 50 * 2)
    assert {len(codec.encode(frame)) for frame in agent} == {line.frame_bytes}


@pytest.mark.parametrize(("source", "target"), [(8000, 16000), (16000, 8000), (24000, 8000)])
def test_a_tone_keeps_its_frequency_and_level_through_another_rate(
    source: int, target: int
) -> None:
    codec = _codec(AudioFormat(Encoding.L16, source), target)
    heard = b"".join(map(codec.decode, _pieces(_tone(source), source // 50 * 2)))
    samples = np.frombuffer(heard, "<i2")[target // 10 :].astype(float)
    peak = np.argmax(np.abs(np.fft.rfft(samples))) * target / len(samples)
    assert abs(peak - 440) < 2
    assert abs(samples.std() - 9000 / 2**0.5) < 100


def test_the_end_of_an_utterance_comes_out_by_drain() -> None:
    codec = _codec(LITTLE, 16000)
    click = np.zeros(320, "<i2")
    click[-10:] = 12000
    first = np.frombuffer(codec.encode(click.tobytes()), "<i2")
    assert codec.has_tail
    rest = np.frombuffer(codec.drain(), "<i2")
    assert np.abs(first).max() < 200 < 4000 < np.abs(rest).max()
    assert not codec.has_tail
    assert codec.drain() == b""


@pytest.mark.parametrize("rate", [8000, 16000])
def test_after_a_reset_nothing_of_what_was_encoded_comes_out(rate: int) -> None:
    codec = _codec(LITTLE, rate)
    codec.encode(os.urandom(3001))
    codec.reset_outgoing()
    assert codec.drain() == b""
    assert set(codec.encode(bytes(640))) == {0}


def test_the_opening_message_corrects_the_declared_format() -> None:
    declared = same_both_ways(BIG)
    said = StreamStarted("s", {}, "PCMA", 8000)
    assert corrected(declared, said).inbound.encoding is Encoding.PCMA
    assert corrected(declared, StreamStarted("s", {}, None, 16000)).outbound.rate == 16000
    assert corrected(declared, StreamStarted("s", {}, None, None)) is declared
    with pytest.raises(ValueError, match="opus"):
        corrected(declared, StreamStarted("s", {}, "opus", 48000))


def test_the_opening_message_may_speak_of_each_direction_by_itself() -> None:
    declared = same_both_ways(PCMU)
    theirs = StreamStarted("s", {}, inbound=StreamCodec("PCMA", 8000))
    assert corrected(declared, theirs) == StreamFormat(inbound=PCMA, outbound=PCMU)
    ours = StreamStarted("s", {}, "PCMA", 8000, outbound=StreamCodec("L16", 16000))
    assert corrected(declared, ours) == StreamFormat(
        inbound=PCMA, outbound=AudioFormat(Encoding.L16, 16000)
    )
    silent = StreamStarted("s", {}, "PCMA", 8000, outbound=StreamCodec())
    assert corrected(declared, silent) == StreamFormat(inbound=PCMA, outbound=PCMU)
    with pytest.raises(ValueError, match="G722"):
        corrected(declared, StreamStarted("s", {}, inbound=StreamCodec("G722")))


def test_a_line_with_a_codec_for_each_direction_decodes_the_one_and_encodes_the_other() -> None:
    codec, tone = Codec(StreamFormat(inbound=PCMA, outbound=PCMU)), _tone(8000)
    assert codec.decode(g711.encode_pcma(tone)) == g711.decode_pcma(g711.encode_pcma(tone))
    assert codec.encode(tone) == g711.encode_pcmu(tone)
    assert codec.silence == b"\xff"
