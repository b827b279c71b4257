"""Resampling: exact frames, little delay, no aliases and no images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from linecard.media.resample import Resampler

RATES = (8000, 16000, 24000)
PAIRS = [(source, target) for source in RATES for target in RATES if source != target]
ODD = [(48000, 8000), (22050, 8000), (44100, 8000), (8000, 44100), (11025, 8000)]
LOUD = 10_000
Samples = npt.NDArray[np.float64]


def tone(hertz: float, rate: int, amplitude: float = LOUD) -> bytes:
    """A second of a sine."""
    wave = amplitude * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
    return wave.astype("<i2").tobytes()


def changed(source: int, target: int, pcm: bytes) -> Samples:
    """A second through a resampler, frame by frame; each gives a frame."""
    resampler, step = Resampler(source, target), source // 50 * 2
    frames = [resampler.process(pcm[at : at + step]) for at in range(0, step * 50, step)]
    if source != 11025:
        assert {len(frame) for frame in frames} == {target // 50 * 2}
    return np.frombuffer(b"".join(frames), "<i2").astype(float)


def decibel(samples: Samples) -> float:
    """The loudness of its second half, against a sine of LOUD."""
    half = samples[len(samples) // 2 :]
    return float(20 * np.log10(max(1e-9, np.sqrt(np.mean(half**2)) / (LOUD / np.sqrt(2)))))


@pytest.mark.parametrize(("source", "target"), [*PAIRS, *ODD])
def test_what_can_be_heard_passes(source: int, target: int) -> None:
    for hertz in (300, 1000, 2000):
        assert abs(decibel(changed(source, target, tone(hertz, source)))) < 0.2
    assert decibel(changed(source, target, tone(3400, source))) > -3


@pytest.mark.parametrize(("source", "target"), [(24000, 8000), (16000, 8000), (48000, 8000)])
@pytest.mark.parametrize("hertz", [4400, 5000, 6500])
def test_what_would_alias_is_gone(source: int, target: int, hertz: int) -> None:
    assert decibel(changed(source, target, tone(hertz, source))) < -60


@pytest.mark.parametrize("target", [16000, 24000])
def test_an_image_is_gone(target: int) -> None:
    sound = changed(8000, target, tone(3000, 8000))[target // 2 :]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert 20 * np.log10(spectrum[2500] / spectrum[1500]) < -60


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_delay_is_short(source: int, target: int) -> None:
    click = np.zeros(source // 50, "<i2")
    click[len(click) // 2] = LOUD
    resampler = Resampler(source, target)
    heard = np.frombuffer(resampler.process(click.tobytes()), "<i2").astype(int)
    late = np.argmax(np.abs(heard)) / target - 0.01
    assert 0 < late < 0.006


def test_the_loudest_sound_is_clipped_not_wrapped() -> None:
    square = np.where(np.arange(8000) // 8 % 2, 32767, -32768).astype("<i2").tobytes()
    heard = changed(8000, 16000, square)
    assert heard.max() == 32767
    assert heard.min() == -32768
    assert (np.abs(np.diff(heard)) < 60_000).all()


def test_any_chunking_gives_the_same_samples() -> None:
    pcm, whole, pieces = tone(440, 16000)[:6400], Resampler(16000, 8000), Resampler(16000, 8000)
    cut = [pcm[at : at + 202] for at in range(0, len(pcm), 202)]
    at_once = whole.process(pcm) + whole.drain()
    in_pieces = b"".join(map(pieces.process, cut)) + pieces.drain()
    assert in_pieces == at_once


def test_after_a_reset_nothing_is_left() -> None:
    resampler = Resampler(8000, 16000)
    resampler.process(tone(440, 8000))
    resampler.reset()
    assert not any(resampler.process(bytes(320)))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_pieces_of_any_length_give_what_whole_frames_give(source: int, target: int) -> None:
    """Frames of the usual length, odd ones between them, and again usual ones."""
    pcm, lengths = tone(440, source), [1, 0.5, 1, 0.05, 0.95, 1, 1]
    whole, pieces = Resampler(source, target), Resampler(source, target)
    step, at, given = source // 50, 0, b""
    for length in lengths * 6:
        size = 2 * round(step * length)
        given += pieces.process(pcm[at : at + size])
        at += size
    expected = b"".join(whole.process(pcm[i : i + 2 * step]) for i in range(0, at, 2 * step))
    difference = np.frombuffer(given, "<i2") - np.frombuffer(expected, "<i2")[: len(given) // 2]
    assert 0 <= len(expected) - len(given) <= target // 50 * 2
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_is_too_loud_is_cut_and_never_turns_over(source: int, target: int) -> None:
    """A square wave overshoots behind the filter; quiet frames come before and after it."""
    square = 32767 * np.sign(np.sin(2 * np.pi * 200 * (np.arange(source) + 0.5) / source))
    square[: source // 4] = square[-source // 4 :] = 0
    heard = changed(source, target, square.astype("<i2").tobytes())
    loud = heard[target // 3 : target // 2]
    assert loud.max() == 32767
    assert loud.min() == -32768
    turns = np.diff(np.sign(loud[loud != 0])) != 0
    assert abs(turns.sum() - 2 * 200 * len(loud) / target) <= 2
