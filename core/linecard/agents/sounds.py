"""The greeter's sounds, made of sines, so that nothing need be shipped: int16 mono PCM at a wanted rate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from linecard.media.tones import dtmf

PEAK = 9000
GREETING = ((523, 0.35), (659, 0.35), (784, 0.35), (1047, 0.7), (784, 0.35), (1047, 0.9))
CONNECTING = ((659, 0.15), (880, 0.3))
SORRY = ((440, 0.35), (349, 0.55))
GOODBYE = ((784, 0.25), (523, 0.5))
BEEP = ((880, 0.18),)

Notes = Sequence[tuple[int, float]]
"""Hertz and seconds."""


@cache
def melody(notes: tuple[tuple[int, float], ...], rate: int) -> bytes:
    """Notes one after the other, each struck and fading."""
    return b"".join(_note(hertz, seconds, rate) for hertz, seconds in notes)


def beeps(count: int, rate: int) -> bytes:
    """So many short beeps with a pause after each."""
    return (melody(BEEP, rate) + bytes(round(0.12 * rate) * 2)) * count


def repeated(key: str, rate: int) -> bytes:
    """A key said back: a digit as so many beeps, any other key as its own tones."""
    return beeps(int(key), rate) if key.isdigit() else dtmf(key, rate)


def _note(hertz: int, seconds: float, rate: int) -> bytes:
    moments = np.arange(round(seconds * rate)) / rate
    body = np.sin(2 * np.pi * hertz * moments) + 0.25 * np.sin(4 * np.pi * hertz * moments)
    shape = np.minimum(1, moments / 0.008) * np.exp(-2.5 * moments / seconds)
    pcm: bytes = np.rint(PEAK * body * shape).astype("<i2").tobytes()
    return pcm
