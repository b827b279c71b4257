"""A carrier's clock that can be hurried on: a quarter of an hour in seconds, while everybody sleeps on."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from linecard.clock import Clock

SLICE_SECONDS = 0.05
"""So long at most, in real seconds, nobody sees that the clock has changed its pace."""


class HurriedClock(Clock):
    """Passes like life until it is hurried; `unix()` goes with it, and is ahead of life from then on."""

    def __init__(self) -> None:
        super().__init__()
        self._since = self._passed = time.monotonic()

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return self._passed + (time.monotonic() - self._since) * self.speed

    def hurry(self, speed: float) -> None:
        """From now on so many times as fast as life."""
        self._passed, self._since = self.now(), time.monotonic()
        self.speed = speed

    @property
    def ahead(self) -> float:
        """Seconds by which it is later here than in life."""
        return self.unix() - time.time()

    async def sleep_until(self, moment: float) -> None:
        """Sleep until `now()` is `moment`; what is past only gives way to other tasks."""
        await asyncio.sleep(0)
        while (left := moment - self.now()) > 0:
            await asyncio.sleep(min(left / self.speed, SLICE_SECONDS))

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """`asyncio.timeout` in seconds of this clock; None never fires."""
        timeout = asyncio.timeout(None)
        if seconds is not None:
            self._watch(timeout, self.now() + seconds)
        return timeout

    def _watch(self, timeout: asyncio.Timeout, moment: float) -> None:
        loop, left = asyncio.get_running_loop(), moment - self.now()
        if left > 0:
            loop.call_later(min(left / self.speed, SLICE_SECONDS), self._watch, timeout, moment)
            return
        with suppress(RuntimeError):  # what it was to end is over
            timeout.reschedule(loop.time())
