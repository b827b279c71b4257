"""Whether what was said at a phone came back to it: codecs and concealed gaps cost a little, order and silence nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

ALIKE = 0.9
"""How alike what was said and what came back must be, of 1."""
PIECE = 800
"""Samples of sound that are looked for at a time."""
FRAME = 160
"""Samples of 20 ms."""
LOUD = 300


def pieces_heard(said: bytes, heard: bytes) -> tuple[int, int]:
    """How many loud pieces of what was said stand in what was heard, and of how many; both 16-bit PCM."""
    pieces = [said[at : at + 2 * PIECE] for at in range(0, len(said) - 2 * PIECE, 2 * PIECE)]
    loud = [piece for piece in pieces if np.abs(_samples(piece)).mean() > LOUD]
    return sum(_is_in(piece, heard) or _is_in_two(piece, heard) for piece in loud), len(loud)


def _is_in_two(piece: bytes, heard: bytes) -> bool:
    """Whether silence was put into a piece, as a carrier does that waits for the next message."""
    cuts = range(2 * FRAME, len(piece), 2 * FRAME)
    return any(_is_in(piece[:at], heard) and _is_in(piece[at:], heard) for at in cuts)


def _samples(pcm: bytes) -> Any:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)


def _is_in(piece: bytes, heard: bytes) -> bool:
    """Whether a piece of sound stands somewhere in what was heard, by normalised correlation."""
    sought, all_of_it = _samples(piece), _samples(heard)
    if len(all_of_it) < len(sought):
        return False
    if not sought.any():
        return True  # a part that is silence itself
    size = 1 << (len(all_of_it) + len(sought)).bit_length()
    spectrum = np.fft.rfft(all_of_it, size) * np.conj(np.fft.rfft(sought, size))
    products = np.fft.irfft(spectrum, size)[: len(all_of_it) - len(sought) + 1]
    energy = np.concatenate(([0.0], np.cumsum(all_of_it**2)))
    window = energy[len(sought) :] - energy[: -len(sought)]
    likeness = products / np.sqrt(np.maximum(window, 1.0) * (sought**2).sum())
    return bool(likeness.max() >= ALIKE)
