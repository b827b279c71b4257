"""Speech and the noise of a street, always the same: what enhancers are measured and tested with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linecard.demo.voices import CUSTOMER, Voice, say
from linecard.media.resample import Resampler

Samples = npt.NDArray[np.float64]

TEXT = (
    "hello, I am calling from a noisy street. I would like to ask about my order, "
    "which has not come yet. thank you very much."
)
LOUD = 100
"""Samples above are somebody speaking."""


def spoken(rate: int, voice: Voice = CUSTOMER) -> bytes:
    """Speech-like sound: harmonics of a falling pitch under formants, with the pauses of a text."""
    pcm = say(TEXT, voice)
    return pcm if rate == 8000 else Resampler(8000, rate).process(pcm)


def street(count: int, rate: int) -> Samples:
    """Noise that falls off from 100 Hz on, as that of traffic does; always the same."""
    spectrum = np.fft.rfft(np.random.default_rng(11).normal(0, 1, count))
    hertz = np.fft.rfftfreq(count, 1 / rate)
    return np.asarray(np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz / 100, 1)), count))


def noisy(clean: bytes, rate: int, decibels: float) -> bytes:
    """The sound with noise that many decibels below its louder parts."""
    voice = samples(clean)
    level = np.sqrt(np.mean(voice[np.abs(voice) > LOUD] ** 2))
    noise = street(len(voice), rate)
    noise *= level / np.sqrt(np.mean(noise**2)) / 10 ** (decibels / 20)
    return np.clip(voice + noise, -32768, 32767).astype("<i2").tobytes()


def samples(pcm: bytes) -> Samples:
    """int16 as numbers to reckon with."""
    return np.frombuffer(pcm, "<i2").astype(float)


def ratio(clean: Samples, heard: Samples) -> float:
    """The signal to the noise, in decibels, against the clean sound."""
    error = heard - clean
    return float(10 * np.log10(np.dot(clean, clean) / np.dot(error, error)))
