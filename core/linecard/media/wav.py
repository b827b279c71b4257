"""WAV files: read into PCM of a wanted rate, written while a call runs."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

WIDTHS = (1, 2)


def load_wav(source: str | Path | bytes, rate: int) -> bytes:
    """A WAV file (a path, or its bytes) as int16 little-endian mono PCM at `rate`.

    Takes 8 or 16 bits, mono or stereo (mixed). Raises ValueError for anything else, OSError for a
    file that cannot be read.
    """
    name = "the WAV data" if isinstance(source, bytes) else str(source)
    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        with wave.open(opened, "rb") as file:
            width, channels, own_rate = (
                file.getsampwidth(),
                file.getnchannels(),
                file.getframerate(),
            )
            sound = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name} is not a PCM WAV file: {error}") from error
    if width not in WIDTHS or channels not in (1, 2):
        raise ValueError(
            f"{name} has {channels} channels of {8 * width} bits; 1 or 2 of 8 or 16 fit"
        )
    if (width, channels, own_rate) == (2, 1, rate):
        return sound
    return _converted(sound, width, channels, own_rate, rate)


def _converted(sound: bytes, width: int, channels: int, own_rate: int, rate: int) -> bytes:
    import numpy as np

    samples = _mono(sound, width, channels)
    if own_rate != rate:
        import samplerate

        samples = samplerate.resample(samples, rate / own_rate, "sinc_medium")
    pcm: bytes = np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
    return pcm


def _mono(sound: bytes, width: int, channels: int) -> Samples:
    """The samples in the range of int16; 8-bit WAV is unsigned."""
    import numpy as np

    whole = len(sound) - len(sound) % (width * channels)
    if width == 1:
        flat = (np.frombuffer(sound[:whole], np.uint8).astype(np.float32) - 128) * 256
    else:
        flat = np.frombuffer(sound[:whole], "<i2").astype(np.float32)
    mono: Samples = flat.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mono


class StereoWriter:
    """A 16-bit stereo WAV that is complete after every write, as far as the file can seek."""

    def __init__(self, file: BinaryIO, rate: int) -> None:
        self._wave = wave.open(file, "wb")  # noqa: SIM115 (closed by close)
        self._wave.setnchannels(2)
        self._wave.setsampwidth(2)
        self._wave.setframerate(rate)

    def write(self, left: bytes, right: bytes) -> None:
        """Two channels of int16 little-endian PCM, of equal length."""
        import numpy as np

        both = np.empty((len(left) // 2, 2), "<i2")
        both[:, 0] = np.frombuffer(left, "<i2")
        both[:, 1] = np.frombuffer(right, "<i2")
        self._wave.writeframes(both.tobytes())

    def close(self) -> None:
        """Finish the header; the file itself stays open."""
        self._wave.close()
