"""What takes blocks of one size, at a sample rate of its own, before a line that has another of each."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, gcd

from linecard.media.resample import Resampler

Work = Callable[[bytes], bytes]


class Blockwise:
    """An `Enhancer` for one stream at `line_rate`: int16 little-endian mono all along.

    `work` turns `block` samples at `rate` into as many, whose sound is `lag` samples late. Messages of the
    line that are no whole number of blocks are evened out, for which the sound waits a part of a block.
    """

    __slots__ = (
        "_block",
        "_close",
        "_down",
        "_held",
        "_is_begun",
        "_lag_seconds",
        "_line_rate",
        "_rate",
        "_ready",
        "_up",
        "_waiting",
        "_work",
    )

    def __init__(
        self,
        line_rate: int,
        *,
        rate: int,
        block: int,
        lag: int,
        work: Work,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self._line_rate, self._rate = line_rate, rate
        self._block = block * 2
        self._work, self._close = work, close
        there, back = _between(line_rate, rate), _between(rate, line_rate)
        changes = (change for change in (there, back) if change is not None)
        self._lag_seconds = lag / rate + sum(change.lag_seconds for change in changes)
        self._up = _stage(there)
        self._down = _stage(back)
        self._waiting = self._ready = b""
        self._held = 0
        self._is_begun = False

    @property
    def delay_ms(self) -> float:
        """How much later the sound comes out; the part that messages bring about is known with the first."""
        return 1000 * (self._lag_seconds + self._held / 2 / self._line_rate)

    def process(self, frame: bytes) -> bytes:
        """One message of the line, of any length; so many bytes out. Raises whatever `work` does."""
        self._waiting += self._up(frame)
        if not self._is_begun:
            self._begin()
        self._ready += self._down(self._worked())
        size = len(frame)
        if len(self._ready) < size:
            self._hold(size - len(self._ready))
        made, self._ready = self._ready[:size], self._ready[size:]
        return made

    def close(self) -> None:
        """Free what it works with."""
        self._close()

    def _begin(self) -> None:
        """Messages as long as the first never have to wait again."""
        self._is_begun = True
        apart = self._block - gcd(self._block, len(self._waiting))
        self._hold(2 * ceil(apart / 2 * self._line_rate / self._rate))

    def _hold(self, size: int) -> None:
        """Let the sound wait behind so many bytes of silence, for good."""
        self._ready = bytes(size) + self._ready
        self._held += size

    def _worked(self) -> bytes:
        block, waiting = self._block, self._waiting
        whole = len(waiting) - len(waiting) % block
        self._waiting = waiting[whole:]
        return b"".join(
            [self._work(waiting[place : place + block]) for place in range(0, whole, block)]
        )


def _between(source: int, target: int) -> Resampler | None:
    return None if source == target else Resampler(source, target)


def _stage(change: Resampler | None) -> Work:
    return _as_it_is if change is None else change.process


def _as_it_is(pcm: bytes) -> bytes:
    return pcm
