"""Arithmetic on int16 PCM, by the C code of audioop; samples in the machine's order, little-endian here."""

from __future__ import annotations

import warnings

# The import itself warns on 3.11 and 3.12; programs that make warnings errors must still start.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

__all__ = ["audioop", "byteswap", "loudness", "roughness"]


def byteswap(pcm: bytes) -> bytes:
    """Big-endian samples for little-endian ones, and back."""
    return audioop.byteswap(pcm, 2)


def loudness(pcm: bytes) -> int:
    """The root mean square of the samples."""
    return audioop.rms(pcm, 2)


def roughness(pcm: bytes) -> float:
    """How loud the steps from sample to sample are against the sound: 1.4 in noise, below 1 in speech."""
    half = audioop.mul(pcm, 2, 0.5)
    steps = audioop.add(half[2:], audioop.mul(half[:-2], 2, -1), 2)
    return 2 * audioop.rms(steps, 2) / max(1, audioop.rms(pcm, 2))
