"""Voices made from nothing: babble that sounds like talking, so that nothing need be installed.

A voice is a row of syllables, one for each vowel of a text: harmonics of a falling pitch, shaped by
the formants of that vowel (Peterson and Barney's averages for men, in Hz), behind a breath of noise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

RATE = 8000
FRAME = 160
HIGHEST = 3600.0
FORMANTS = {
    "a": (730.0, 1090.0, 2440.0),
    "e": (530.0, 1840.0, 2480.0),
    "i": (270.0, 2290.0, 3010.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
    "y": (390.0, 1990.0, 2550.0),
}
FORMANT_LEVELS = (1.0, 0.5, 0.25)
PAUSES = {",": 0.16, ".": 0.28, "?": 0.28, "!": 0.28}
SOUNDS = re.compile(r"[aeiouy]+|[.,?!]| ")
KEYS = dict(zip("1234567890*#", range(12), strict=True))


@dataclass(frozen=True, slots=True)
class Voice:
    """Who talks: pitch in Hz, a factor on the formants (a smaller head has higher ones), and pace."""

    pitch: float
    size: float
    syllable: float
    loudness: float = 0.3


AGENT = Voice(pitch=214.0, size=1.16, syllable=0.15)
CUSTOMER = Voice(pitch=112.0, size=0.98, syllable=0.165)
HUMAN = Voice(pitch=158.0, size=1.08, syllable=0.14)


@cache
def say(text: str, voice: Voice) -> bytes:
    """The text as 8 kHz int16 PCM in whole frames of 20 ms; always the same for a text and a voice."""
    found = [part.group() for part in SOUNDS.finditer(text.lower())]
    parts = [_part(sound, voice, place / max(1, len(found))) for place, sound in enumerate(found)]
    return _pcm(np.concatenate(parts)) if parts else b""


def beeps(digits: str) -> bytes:
    """Digits as notes of a pentatonic scale, a quarter of a second each."""
    notes = [_note(KEYS.get(digit, 0)) for digit in digits]
    return _pcm(np.concatenate(notes)) if notes else b""


def _part(sound: str, voice: Voice, place: float) -> Samples:
    if sound == " ":
        return np.zeros(round(0.045 * RATE))
    if sound in PAUSES:
        return np.zeros(round(PAUSES[sound] * RATE))
    return _syllable(sound[0], voice, place)


def _syllable(vowel: str, voice: Voice, place: float) -> Samples:
    moments = np.arange(round(voice.syllable * RATE)) / RATE
    pitch = voice.pitch * (1.12 - 0.24 * place) * _bend(vowel, moments)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    count = int(HIGHEST / voice.pitch)
    formants = [formant * voice.size for formant in FORMANTS[vowel]]
    levels = [_level(part * voice.pitch, formants) / part**0.5 for part in range(1, count)]
    tones = sum(level * np.sin(part * phase) for part, level in enumerate(levels, 1))
    voiced = np.asarray(tones) / sum(levels) * 2.2
    spoken = (voiced + _breath(len(moments))) * _swell(len(moments))
    return np.asarray(spoken * voice.loudness)


def _bend(vowel: str, moments: Samples) -> Samples:
    """Each syllable glides a little, up or down by its vowel."""
    direction = 0.5 if vowel in "aoy" else -0.5
    glide = direction * (moments - moments.mean())
    return np.asarray(1 + glide + 0.008 * np.sin(2 * np.pi * 5.5 * moments))


def _level(hertz: float, formants: list[float]) -> float:
    widths = (90.0, 130.0, 190.0)
    peaks = zip(formants, FORMANT_LEVELS, widths, strict=True)
    return sum(level / (1 + ((hertz - peak) / width) ** 2) for peak, level, width in peaks)


def _breath(length: int) -> Samples:
    """A consonant: noise that dies within 30 ms. The seed is the length, so it is always the same."""
    noise = np.random.default_rng(length).normal(0, 0.16, length)
    return np.asarray(noise * np.exp(-np.arange(length) / (0.012 * RATE)))


def _swell(length: int) -> Samples:
    rise, fall = round(0.012 * RATE), round(0.05 * RATE)
    shape = np.ones(length)
    shape[:rise] = np.linspace(0.1, 1, rise)
    shape[length - fall :] = np.cos(np.linspace(0, np.pi / 2, fall))
    return shape


def _note(step: int) -> Samples:
    octave, degree = divmod(step, 5)
    pitch = 392.0 * 2 ** (octave + (0, 2, 4, 7, 9)[degree] / 12)
    moments = np.arange(round(0.24 * RATE)) / RATE
    body = np.sin(2 * np.pi * pitch * moments) + 0.3 * np.sin(4 * np.pi * pitch * moments)
    return body * np.exp(-moments * 11) * np.minimum(1, moments / 0.004) * 0.34


def _pcm(samples: Samples) -> bytes:
    samples = np.pad(samples, (0, -len(samples) % FRAME))
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()
