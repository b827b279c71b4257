"""Blocks of another size and rate behind messages of any length."""

from __future__ import annotations

import random

import numpy as np
import pytest

from linecard import Blockwise
from linecard.media.resample import Resampler

RATES = (8000, 16000)


def late_by(heard: bytes, out: bytes) -> int:
    """By how many samples the sound is later, where it correlates best."""
    sound = np.frombuffer(heard, "<i2").astype(float)
    came = np.frombuffer(out, "<i2").astype(float)
    size = 1 << (2 * len(sound)).bit_length()
    match = np.fft.irfft(np.fft.rfft(came, size) * np.conj(np.fft.rfft(sound, size)), size)
    return int(np.argmax(match[: len(sound)]))


def noise(rate: int, seconds: float = 1.0) -> bytes:
    """Noise below 2,000 Hz, which any filter between lets through."""
    count = round(rate * seconds)
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(0, 4000, count))
    spectrum[round(2000 * seconds) :] = 0
    return np.clip(np.fft.irfft(spectrum, count), -32768, 32767).astype("<i2").tobytes()


def fed(enhancer: Blockwise, sound: bytes, sizes: list[int]) -> bytes:
    """What comes out for messages of these lengths, over and over; each as long as what went in."""
    out, place, turn = b"", 0, 0
    while place < len(sound):
        frame = sound[place : place + sizes[turn % len(sizes)]]
        made = enhancer.process(frame)
        assert len(made) == len(frame)
        out, place, turn = out + made, place + len(frame), turn + 1
    return out


def lagging(samples: int) -> Blockwise:
    """Work in 10 ms blocks at 48 kHz which is late by so many samples."""
    held = bytes(2 * samples)

    def work(block: bytes) -> bytes:
        nonlocal held
        held += block
        made, held = held[: len(block)], held[len(block) :]
        return made

    return Blockwise(8000, rate=48_000, block=480, lag=samples, work=work)


@pytest.mark.parametrize("line_rate", RATES)
@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48_000])
@pytest.mark.parametrize("ms", [10, 15, 20, 30, 100])
def test_the_delay_told_is_the_delay_measured(line_rate: int, rate: int, ms: int) -> None:
    blocks: list[int] = []

    def work(block: bytes) -> bytes:
        blocks.append(len(block))
        return block

    enhancer = Blockwise(line_rate, rate=rate, block=rate // 100, lag=0, work=work)
    sound = noise(line_rate)
    out = fed(enhancer, sound, [line_rate * ms // 1000 * 2])
    assert set(blocks) == {rate // 100 * 2}
    measured = 1000 * late_by(sound, out) / line_rate
    assert measured == pytest.approx(enhancer.delay_ms, abs=0.2)
    if ms % 10 == 0 and ms != 30:
        assert enhancer.delay_ms == pytest.approx(0 if rate == line_rate else 5, abs=2.1)


def test_the_lag_of_the_work_is_part_of_it() -> None:
    enhancer, sound = lagging(960), noise(8000)
    out = fed(enhancer, sound, [320])
    assert enhancer.delay_ms == pytest.approx(25)
    assert 1000 * late_by(sound, out) / 8000 == pytest.approx(25, abs=0.2)


def test_messages_of_any_length_lose_nothing_and_never_break_the_sound_again() -> None:
    enhancer = Blockwise(8000, rate=8000, block=128, lag=0, work=lambda block: block)
    chance = random.Random(3)
    sound = noise(8000, 3)
    sizes = [2 * chance.randrange(1, 400) for _ in range(500)]
    out = fed(enhancer, sound, sizes)
    late = round(enhancer.delay_ms * 8)
    assert late <= 128
    assert out.lstrip(b"\0")[-8000:] == sound[: len(sound) - 2 * late][-8000:]


def test_what_is_held_back_is_silence_at_first() -> None:
    enhancer = Blockwise(8000, rate=8000, block=160, lag=0, work=lambda block: block)
    assert enhancer.process(b"\1\1" * 100) == bytes(2 * 100)
    assert enhancer.process(b"\1\1" * 100) == bytes(2 * 40) + b"\1\1" * 60
    assert enhancer.delay_ms == pytest.approx(17.5)


def test_what_the_work_raises_is_raised_and_it_is_closed_by_its_owner() -> None:
    closed: list[bool] = []

    def broken(_block: bytes) -> bytes:
        raise RuntimeError("no licence")

    enhancer = Blockwise(
        8000, rate=8000, block=80, lag=0, work=broken, close=lambda: closed.append(True)
    )
    with pytest.raises(RuntimeError, match="no licence"):
        enhancer.process(bytes(160))
    enhancer.close()
    assert closed == [True]


@pytest.mark.parametrize(("source", "target"), [(8000, 48_000), (48_000, 16000), (11025, 48_000)])
def test_a_resampler_tells_its_lag(source: int, target: int) -> None:
    change, back = Resampler(source, target), Resampler(target, source)
    sound = noise(source)
    frame = source // 50 * 2
    out = b"".join(
        back.process(change.process(sound[at : at + frame])) for at in range(0, len(sound), frame)
    )
    measured = late_by(sound, out.ljust(len(sound), b"\0")) / source
    assert measured == pytest.approx(change.lag_seconds + back.lag_seconds, abs=0.0005)
