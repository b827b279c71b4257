"""One clock for media, timers and simulators; it can run faster than real time."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Monotonic seconds that pass `speed` times as fast as real ones."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"a clock's speed must be above 0, not {speed}")
        self.speed = speed
        if speed == 1 and type(self) is Clock:
            # Asked several times for each frame of each call: nothing of ours in between.
            self.now = time.monotonic  # type: ignore[method-assign]
        self._wall = time.time() - time.monotonic() * speed

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return time.monotonic() * self.speed

    @property
    def behind(self) -> float:
        """Real seconds that have not passed on this clock: none, unless it waits for somebody."""
        return 0.0

    def unix(self) -> float:
        """Unix time that passes at this clock's speed; right at the moment the clock was made."""
        return self._wall + self.now()

    async def sleep(self, seconds: float) -> None:
        """Sleep that many seconds of this clock."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Sleep until `now()` is `moment`; what is past only gives way to other tasks."""
        await asyncio.sleep(max(0.0, moment - self.now()) / self.speed)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """`asyncio.timeout` in seconds of this clock; None never fires."""
        return asyncio.timeout(None if seconds is None else seconds / self.speed)
