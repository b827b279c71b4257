"""Changing the sample rate of a running stream: a frame in gives a frame out, without alias or jitter.

Rates that divide a frame evenly have a filter of our own, a product of small matrices for each frame;
others have libsamplerate's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import gcd
from typing import TYPE_CHECKING, Protocol

from linecard.media.formats import FRAME_MS
from linecard.media.pcm import audioop

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
        self._silence = bytes(source * FRAME_MS // 1000 * 2)
        self._filter: _Filter = (
            _Blocks(source, target) if _fits(source, target) else _Library(source, target)
        )
        self.process: Callable[[bytes], bytes] = self._filter.process
        """Whole samples at the other rate."""

    @property
    def lag_seconds(self) -> float:
        """How much later a sound comes out than it went in, of whole frames."""
        return self._filter.lag_seconds

    def drain(self) -> bytes:
        """The end of what was put in, a frame of it with silence behind."""
        return self.process(self._silence)

    def reset(self) -> None:
        """Forget what was put in."""
        self._filter.reset()


class _Filter(Protocol):
    @property
    def lag_seconds(self) -> float: ...

    def process(self, pcm: bytes) -> bytes: ...

    def reset(self) -> None: ...


class _Blocks:
    """Each block of samples out is one product: those in, and the ones before them, by a matrix.

    Whole frames, which nearly all audio comes in, pass through the same memory every time.
    """

    lag_seconds = SPAN_SECONDS / 2

    def __init__(self, source: int, target: int) -> None:
        import numpy as np

        self._np, self._sample = np, np.dtype("<i2")
        self._matrix, self._block = _matrix(source, target)
        self._width, made = self._matrix.shape
        self._loudest = int(HIGHEST / np.abs(self._matrix).sum(axis=0).max())
        frame, past = source * FRAME_MS // 1000, self._width - self._block
        self._frame_bytes = 2 * frame
        window = np.zeros(past + frame, np.float32)
        self._past, self._new, self._end = window[:past], window[past:], window[frame:]
        self._rows = self._overlapping(window)
        self._copied = np.empty(self._rows.shape, np.float32)
        self._made = np.empty((len(self._rows), made), np.float32)
        self._out = np.empty(self._made.shape, self._sample)
        self.reset()

    def reset(self) -> None:
        self._past[:] = 0
        self._late: Samples | None = None
        self._peak = 0

    def process(self, pcm: bytes) -> bytes:
        if len(pcm) != self._frame_bytes or self._late is not None:
            return self._odd(pcm)
        peak, before = audioop.max(pcm, 2), self._peak
        self._peak = peak
        self._new[:] = self._np.frombuffer(pcm, self._sample)
        self._copied[:] = self._rows
        # The rows overlap; a copy of them is what the fast product takes.
        made = self._copied.dot(self._matrix, self._made)
        if peak > self._loudest or before > self._loudest:
            self._np.clip(made, LOWEST, HIGHEST, made)
        self._np.rint(made, made)
        self._out[:] = made
        self._past[:] = self._end
        return self._out.tobytes()

    def _odd(self, pcm: bytes) -> bytes:
        """Audio of any length; what fills no block waits for the rest of it."""
        if not pcm:
            return b""
        np, block = self._np, self._block
        before = self._past if self._late is None else self._late
        window = np.concatenate((before, np.frombuffer(pcm, self._sample).astype(np.float32)))
        rows = self._overlapping(window)
        rest = window[len(rows) * block :]
        self._peak = int(-LOWEST)
        self._late = rest if len(rest) > len(self._past) else None
        self._past[:] = rest[: len(self._past)]
        return _whole((np.ascontiguousarray(rows) @ self._matrix).ravel())

    def _overlapping(self, window: Samples) -> Samples:
        count = (len(window) - self._width) // self._block + 1
        steps = (4 * self._block, 4)
        rows: Samples = self._np.ndarray((count, self._width), self._np.float32, window, 0, steps)
        return rows


class _Library:
    """libsamplerate's sinc filter, for rates such as 11025 Hz; it lags by some 6 ms."""

    def __init__(self, source: int, target: int) -> None:
        import samplerate

        self._filter = samplerate.Resampler("sinc_medium", channels=1)
        self._ratio = target / source
        self._silence = bytes(source * FRAME_MS // 1000 * 2)
        kept = len(self._silence) / source - self._prime() / target
        self.lag_seconds = kept / 2

    def process(self, pcm: bytes) -> bytes:
        import numpy as np

        if not pcm:
            return b""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        # A copy: what the library gives may not be written to.
        return _whole(self._filter.process(samples, self._ratio).copy())

    def reset(self) -> None:
        self._filter.reset()
        self._prime()

    def _prime(self) -> int:
        """The filter keeps some 6 ms of its first frame; let that be silence. Bytes that came out."""
        return len(self.process(self._silence))


def _whole(changed: Samples) -> bytes:
    """Samples rounded to int16; they are written over."""
    import numpy as np

    np.clip(changed, LOWEST, HIGHEST, changed)
    whole: bytes = np.rint(changed, changed).astype("<i2").tobytes()
    return whole


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
