"""Sound inside a simulated carrier: int16 little-endian mono PCM at 8 kHz, in frames of 20 ms."""

from __future__ import annotations

import audioop
import io
import math
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

RATE = 8000
FRAME_SECONDS = 0.02
FRAME_BYTES = 320
SILENCE = bytes(FRAME_BYTES)
QUIET = -96.0


def seconds(pcm: bytes | bytearray) -> float:
    """How long a sound lasts."""
    return len(pcm) / 2 / RATE


def silence(length: float) -> bytes:
    """Silence of some seconds, in whole samples."""
    return bytes(round(length * RATE) * 2)


def frames(pcm: bytes) -> Iterator[bytes]:
    """The sound in frames; the last one is filled up with silence."""
    for start in range(0, len(pcm), FRAME_BYTES):
        yield pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


def mix(sounds: Sequence[bytes]) -> bytes:
    """Frames of one size, added; a single one comes back as it is."""
    if not sounds:
        return SILENCE
    mixed = sounds[0]
    for sound in sounds[1:]:
        mixed = audioop.add(mixed, sound, 2)
    return mixed


def level(pcm: bytes) -> float:
    """The loudness in decibels below full scale: 0 is a full square wave, -96 silence."""
    loudness = audioop.rms(pcm, 2)
    return 20 * math.log10(loudness / 32768) if loudness else QUIET


def read_wav(source: str | Path | bytes) -> bytes:
    """A WAV file (a path, or its bytes) as 8 kHz mono. Raises ValueError when it is not PCM WAV."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        with wave.open(opened, "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            pcm = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a PCM WAV file: {error}") from error
    return _as_line_sound(pcm, width, channels, rate)


def _as_line_sound(pcm: bytes, width: int, channels: int, rate: int) -> bytes:
    if width == 1:
        pcm = audioop.bias(pcm, 1, 128)
    if width != 2:
        pcm = audioop.lin2lin(pcm, width, 2)
    if channels == 2:
        pcm = audioop.tomono(pcm, 2, 0.5, 0.5)
    if rate != RATE:
        pcm, _ = audioop.ratecv(pcm, 2, 1, rate, RATE, None)
    return pcm


def write_wav(channels: Sequence[bytes | bytearray]) -> bytes:
    """A WAV file of one or two channels of equal length."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(_interleaved(channels))
    return out.getvalue()


def _interleaved(channels: Sequence[bytes | bytearray]) -> bytes:
    if len(channels) == 1:
        return bytes(channels[0])
    left = audioop.tostereo(bytes(channels[0]), 2, 1, 0)
    right = audioop.tostereo(bytes(channels[1]), 2, 0, 1)
    return audioop.add(left, right, 2)
