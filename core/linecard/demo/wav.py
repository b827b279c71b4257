"""WAV files of a call: the caller left, the agent right."""

from __future__ import annotations

import io
import wave

import numpy as np


def stereo_wav(left: bytes, right: bytes, rate: int) -> bytes:
    """A stereo file of two int16 mono sides; the shorter one is filled up with silence."""
    length = max(len(left), len(right)) // 2
    sides = np.zeros((length, 2), "<i2")
    sides[: len(left) // 2, 0] = np.frombuffer(left, "<i2")
    sides[: len(right) // 2, 1] = np.frombuffer(right, "<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sides.tobytes())
    return out.getvalue()
