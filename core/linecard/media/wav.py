"""WAV files as an agent plays them."""

from __future__ import annotations

import wave
from os import PathLike

import numpy as np

from linecard.errors import InvalidField


def load_wav(path: str | PathLike[str], rate: int) -> bytes:
    """A WAV file (8 or 16 bit, any channels, any rate) as int16 mono little-endian at `rate`.

    Raises InvalidField when it is not such a file.
    """
    try:
        with wave.open(str(path), "rb") as file:
            parameters = file.getparams()
            frames = file.readframes(parameters.nframes)
    except (OSError, EOFError, wave.Error) as error:
        raise InvalidField("path", f"{path} is not a WAV file that can be read: {error}") from error
    mono = _mono(frames, parameters.sampwidth, parameters.nchannels, str(path))
    return mono if parameters.framerate == rate else _at_rate(mono, parameters.framerate, rate)


def _mono(frames: bytes, width: int, channels: int, path: str) -> bytes:
    if width == 1:
        samples = (np.frombuffer(frames, np.uint8).astype(np.int16) - 128) * 256
    elif width == 2:
        samples = np.frombuffer(frames, "<i2")
    else:
        raise InvalidField("path", f"{path} has {8 * width} bits a sample; 8 and 16 can be played")
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1)
    return samples.astype("<i2").tobytes()


def _at_rate(pcm: bytes, rate_in: int, rate_out: int) -> bytes:
    import samplerate

    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    converted = samplerate.resample(samples, rate_out / rate_in, "sinc_medium")
    rounded: bytes = np.clip(np.rint(converted), -32768, 32767).astype("<i2").tobytes()
    return rounded
