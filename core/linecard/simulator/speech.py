"""Sounds made from nothing: text as tones, tones of the network, and espeak-ng where there is one."""

from __future__ import annotations

import asyncio
import shutil

import numpy as np
import numpy.typing as npt

from linecard.simulator.sound import RATE, read_wav, silence

Samples = npt.NDArray[np.float64]

SYLLABLE_SECONDS = 0.09
WORD_GAP_SECONDS = 0.06
VOICE_LEVEL = 0.25
TONE_LEVEL = 0.2
FADE_SECONDS = 0.008


def tone(hertz: tuple[float, ...], length: float, loudness: float = TONE_LEVEL) -> bytes:
    """A steady sum of sine waves with soft edges."""
    moments = np.arange(round(length * RATE)) / RATE
    waves = [np.sin(2 * np.pi * pitch * moments) for pitch in hertz]
    return _pcm(_softened(np.sum(waves, axis=0) / len(hertz)) * loudness)


def beep() -> bytes:
    """The beep of a voicemail: 1000 Hz for 0.4 s."""
    return tone((1000.0,), 0.4)


def ringback() -> bytes:
    """One round of the ringing tone: 440 and 480 Hz for 2 s, then 4 s of silence."""
    return tone((440.0, 480.0), 2.0, 0.1) + silence(4.0)


def speech(text: str) -> bytes:
    """A text as a row of tones, one per letter: the same text always gives the same sound."""
    words = [b"".join(_syllable(letter) for letter in word) for word in text.split()]
    return silence(WORD_GAP_SECONDS).join(words)


def _syllable(letter: str) -> bytes:
    moments = np.arange(round(SYLLABLE_SECONDS * RATE)) / RATE
    pitch = 110.0 + 7.0 * (ord(letter) % 32)
    voice = sum(np.sin(2 * np.pi * pitch * part * moments) / part for part in (1, 2, 3, 5))
    return _pcm(_softened(np.asarray(voice)) * VOICE_LEVEL)


def _softened(samples: Samples) -> Samples:
    edge = min(round(FADE_SECONDS * RATE), len(samples) // 2)
    ramp = np.ones(len(samples))
    ramp[:edge] = np.linspace(0, 1, edge)
    ramp[len(samples) - edge :] = np.linspace(1, 0, edge)
    return samples * ramp


def _pcm(samples: Samples) -> bytes:
    return np.clip(samples * 32767, -32768, 32767).astype("<i2").tobytes()


async def spoken(text: str) -> bytes:
    """A text as real speech where espeak-ng is installed, else as tones."""
    program = shutil.which("espeak-ng")
    if program is None:
        return speech(text)
    process = await asyncio.create_subprocess_exec(
        program,
        "--stdout",
        "--",
        text,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    return read_wav(_with_true_length(out)) if process.returncode == 0 else speech(text)


def _with_true_length(wav: bytes) -> bytes:
    # espeak-ng writes to a pipe, so the lengths in its header are only placeholders.
    data = wav.find(b"data")
    riff = (len(wav) - 8).to_bytes(4, "little")
    length = (len(wav) - data - 8).to_bytes(4, "little")
    return wav[:4] + riff + wav[8 : data + 4] + length + wav[data + 8 :]
