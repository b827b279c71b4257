"""Changing the sample rate of a running stream: a frame in gives a frame out, without alias or jitter.

Rates that divide a frame evenly have a filter of our own, a product of small matrices for each frame;
others have libsamplerate's.
"""

from __future__ import annotations

from functools import cache
from math import gcd
from typing import TYPE_CHECKING, Protocol

from linecard.media.formats import FRAME_MS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

SPAN_SECONDS = 0.005
"""The filter's length; what comes out lags by half of it."""
PASSED = 0.94
"""The middle of the filter's slope, of the half of the lower rate."""
BETA = 7.9
"""Of the Kaiser window: what would alias is 80 dB down."""
LOWEST, HIGHEST = -32768.0, 32767.0
BLOCK = 16
"""Samples of the lower rate that are made together."""


class Resampler:
    """One direction of one stream, int16 little-endian mono. Made only where rates differ: it loads numpy.

    Of audio that is no whole number of 20 ms frames, up to 2 ms come out with what follows.
    """

    def __init__(self, source: int, target: int) -> None:
        import numpy as np

        self._np = np
        self._silence = bytes(source * FRAME_MS // 1000 * 2)
        self._filter: _Filter = (
            _Blocks(source, target) if _fits(source, target) else _Library(source, target)
        )

    def process(self, pcm: bytes) -> bytes:
        """Whole samples at the other rate."""
        if not pcm:
            return b""
        np = self._np
        changed = self._filter.process(np.frombuffer(pcm, "<i2").astype(np.float32))
        np.rint(changed, out=changed)
        np.minimum(changed, HIGHEST, out=changed)
        np.maximum(changed, LOWEST, out=changed)
        out: bytes = changed.astype("<i2").tobytes()
        return out

    def drain(self) -> bytes:
        """A frame that ends with silence: the last of what was put in comes out with it."""
        return self.process(self._silence)

    def reset(self) -> None:
        """Forget what was put in."""
        self._filter.reset()


class _Filter(Protocol):
    def process(self, samples: Samples) -> Samples: ...

    def reset(self) -> None: ...


class _Blocks:
    """Each block of samples out is one product: those in, and the ones before them, by a matrix."""

    def __init__(self, source: int, target: int) -> None:
        import numpy as np

        self._np = np
        self._matrix, self._block = _matrix(source, target)
        self._width = len(self._matrix)
        self.reset()

    def reset(self) -> None:
        self._past = self._np.zeros(self._width - self._block, self._np.float32)

    def process(self, samples: Samples) -> Samples:
        np, block, width = self._np, self._block, self._width
        window = np.concatenate((self._past, samples))
        count = (len(window) - width) // block + 1
        self._past = window[count * block :]
        rows: Samples = np.ndarray((count, width), np.float32, window, 0, (4 * block, 4))
        # The rows overlap; a copy of them is what the fast product takes.
        made: Samples = (np.ascontiguousarray(rows) @ self._matrix).ravel()
        return made


class _Library:
    """libsamplerate's sinc filter, for rates such as 11025 Hz; it lags by some 6 ms."""

    def __init__(self, source: int, target: int) -> None:
        import samplerate

        self._filter = samplerate.Resampler("sinc_medium", channels=1)
        self._ratio = target / source
        self._frame = source * FRAME_MS // 1000
        self._prime()

    def process(self, samples: Samples) -> Samples:
        # A copy: what the library gives may not be written to.
        made: Samples = self._filter.process(samples, self._ratio).copy()
        return made

    def reset(self) -> None:
        self._filter.reset()
        self._prime()

    def _prime(self) -> None:
        """The filter keeps some 6 ms of its first frame; let that be silence."""
        import numpy as np

        self._filter.process(np.zeros(self._frame, np.float32), self._ratio)


def _terms(source: int, target: int) -> tuple[int, int, int]:
    """So many samples out for so many in, and how many times that a block is; 0 where none fits a frame."""
    divisor = gcd(source, target)
    made, taken = target // divisor, source // divisor
    frame = source * FRAME_MS // 1000
    if source * FRAME_MS % 1000 or frame % taken:
        return made, taken, 0
    whole = frame // taken
    most = max(1, BLOCK // min(made, taken))
    return made, taken, max(times for times in range(1, most + 1) if whole % times == 0)


def _fits(source: int, target: int) -> bool:
    return _terms(source, target)[2] > 0


@cache
def _matrix(source: int, target: int) -> tuple[Samples, int]:
    """What turns a row of samples into a block, and how many samples of the row are new."""
    import numpy as np

    made, taken, times = _terms(source, target)
    length = round(SPAN_SECONDS * source * made)
    steps = np.arange(length) - (length - 1) / 2
    cut = PASSED * min(source, target) / (source * made)
    taps = np.sinc(cut * steps) * np.kaiser(length, BETA)
    block, past = taken * times, -(-length // made)
    place = np.arange(made * times) * taken - (np.arange(past + block)[:, None] - past) * made
    inside = (place >= 0) & (place < length)
    matrix = np.where(inside, taps[np.clip(place, 0, length - 1)], 0)
    # Each sample out weighs its inputs as one: a constant stays that constant.
    return np.ascontiguousarray(matrix / matrix.sum(axis=0), np.float32), block
