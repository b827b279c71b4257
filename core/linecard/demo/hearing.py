"""What was heard, compared sample for sample; times are taken from positions in the sound itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 8000
PAUSE_SECONDS = 0.3

Samples = npt.NDArray[np.int16]


def samples(pcm: bytes | bytearray) -> Samples:
    """int16 PCM as numbers."""
    return np.frombuffer(bytes(pcm), "<i2")


def first_sound(pcm: bytes | bytearray, after: int = 0) -> int | None:
    """The first sample from `after` on that is not silence."""
    found = np.flatnonzero(samples(pcm)[after:])
    return after + int(found[0]) if len(found) else None


def end_of_sound(pcm: bytes | bytearray, after: int) -> int | None:
    """Where the sound that runs at sample `after` ends: it is followed by 0.3 s of silence, or by nothing.

    None where no sound comes at or after it.
    """
    found = after + np.flatnonzero(samples(pcm)[after:])
    if not len(found):
        return None
    breaks = np.flatnonzero(np.diff(found) > PAUSE_SECONDS * RATE)
    return int(found[breaks[0]] if len(breaks) else found[-1]) + 1


def place_of(sound: bytes, within: bytes | bytearray) -> int | None:
    """The sample at which a sound stands in another, whole and unchanged; None where it does not."""
    whole = bytes(within)
    place = whole.find(sound)
    while place > 0 and place % 2:
        place = whole.find(sound, place + 1)
    return place // 2 if place >= 0 else None


def likest(sound: bytes, within: bytes | bytearray) -> tuple[int, float]:
    """The sample at which a sound is most like another, and how much: 1 is unchanged but for its loudness."""
    part, whole = samples(sound).astype(float), samples(within).astype(float)
    if not len(part) or len(part) > len(whole):
        return 0, 0.0
    size = len(whole) + len(part)
    match = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    place = int(np.argmax(match[: len(whole) - len(part) + 1]))
    found = whole[place : place + len(part)]
    loudness = np.linalg.norm(part) * np.linalg.norm(found)
    return place, float(np.dot(part, found) / loudness) if loudness else 0.0


def is_within(sound: bytes, whole: bytes | bytearray) -> bool:
    """Whether a sound stands in another sample for sample, whatever silence lies between its samples."""
    return place_of(sounding(sound), sounding(whole)) is not None


def sounding(pcm: bytes | bytearray) -> bytes:
    """A sound without its silent samples."""
    numbers = samples(pcm)
    kept: Samples = numbers[numbers != 0]
    return kept.tobytes()


def cut_short(played: bytes, first: bytes, rest: bytes) -> float | None:
    """How much of `first` was played, in seconds, where `played` is its beginning and then all of `rest`.

    None where anything else was played: a sample lost, doubled, changed or out of its order.
    """
    kept = len(played) - len(rest)
    fits = 0 <= kept <= len(first) and played == first[:kept] + rest
    return kept / 2 / RATE if fits else None
