"""The beep detector: beeps of many pitches are heard to their end, and speech, faxes and dials are none."""

from __future__ import annotations

import random

import numpy as np
import pytest

from linecard.media import g711
from linecard.media.beep import Beep
from linecard.media.tones import dtmf

RATES = (8000, 16000)


def tone(hertz: float, seconds: float, rate: int, peak: float = 6000) -> bytes:
    moments = np.arange(round(seconds * rate)) / rate
    return (peak * np.sin(2 * np.pi * hertz * moments)).astype("<i2").tobytes()


def noise(seconds: float, rate: int, peak: int) -> bytes:
    dice = np.random.default_rng(1)
    return dice.integers(-peak, peak, round(seconds * rate)).astype("<i2").tobytes()


def vowels(rate: int) -> bytes:
    """Two seconds of a voice: a pitch that wanders, and its harmonics."""
    moments = np.arange(2 * rate) / rate
    pitch = 220 + 30 * np.sin(2 * np.pi * 3 * moments)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(part * phase) / part for part in range(1, 12))
    return (4000 * np.asarray(voice)).astype("<i2").tobytes()


def ends(sound: bytes, rate: int) -> list[float]:
    """When a beep was told, in seconds, with the sound in pieces of any size."""
    beep, told, dice, at = Beep(rate), [], random.Random(1), 0
    while at < len(sound):
        size = 2 * dice.randrange(1, 900)
        if beep.heard(sound[at : at + size]):
            told.append((at + size) / 2 / rate)
        at += size
    return told


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [400, 440, 620, 1000, 1400, 1850])
@pytest.mark.parametrize("seconds", [0.2, 0.5, 2.0])
def test_a_beep_is_told_when_it_is_over(rate: int, hertz: int, seconds: float) -> None:
    hush = noise(1.0, rate, 60)
    (told,) = ends(vowels(rate) + hush + tone(hertz, seconds, rate) + hush, rate)
    over = 3.0 + seconds
    assert over <= told <= over + 0.16


def test_a_beep_is_told_on_a_line_of_mu_law() -> None:
    sound = tone(1000, 0.4, 8000) + bytes(8000)
    assert len(ends(g711.decode_pcmu(g711.encode_pcmu(sound)), 8000)) == 1


@pytest.mark.parametrize("rate", RATES)
def test_what_is_no_beep_is_not_told(rate: int) -> None:
    hush = bytes(rate)
    for sound in (
        vowels(rate),
        noise(2.0, rate, 8000),
        dtmf("159#", rate),
        tone(2100, 3.0, rate),
        tone(100, 1.0, rate),
        tone(1000, 4.0, rate),
        tone(1000, 0.06, rate),
        tone(1000, 0.5, rate, peak=200),
    ):
        assert ends(sound + hush, rate) == []
