"""A clock for machines that are held up: time waits for the loop, so that a fast call loses no sound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from linecard.clock import Clock

BEAT_SECONDS = 0.005
LONGEST_STEP = 0.012
"""What passes at most between two beats, in real seconds, however late the second one is."""


class PatientClock(Clock):
    """Passes `speed` times as fast as life while its loop keeps up, and slower while it does not.

    A process that gets no turn for 100 ms would otherwise find eight times as much gone by at a speed
    of eight, and with it sound that was due. Made by `patient_clock`, which lets it beat.
    """

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(speed)
        self._passed = self._beaten = time.monotonic()

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return (self._passed + min(time.monotonic() - self._beaten, LONGEST_STEP)) * self.speed

    @property
    def behind(self) -> float:
        """Real seconds that were not counted so far."""
        return self._beaten - self._passed

    async def sleep_until(self, moment: float) -> None:
        """Sleep until `now()` is `moment`; what is past only gives way to other tasks."""
        await super().sleep_until(moment)
        while self.now() < moment:
            await super().sleep_until(moment)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """`asyncio.timeout` in seconds of this clock; None never fires."""
        if seconds is None or seconds <= 0:
            return asyncio.timeout(seconds)
        timeout = asyncio.timeout(None)
        self._watch(timeout, self.now() + seconds)
        return timeout

    def _watch(self, timeout: asyncio.Timeout, moment: float) -> None:
        loop, left = asyncio.get_running_loop(), moment - self.now()
        if left > 0:
            loop.call_later(left / self.speed, self._watch, timeout, moment)
            return
        with suppress(RuntimeError):  # what it was to end is over
            timeout.reschedule(loop.time())

    def beat(self) -> None:
        """Let pass what has passed, as far as one step may take."""
        moment = time.monotonic()
        self._passed += min(moment - self._beaten, LONGEST_STEP)
        self._beaten = moment

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.beat()


@asynccontextmanager
async def patient_clock(speed: float) -> AsyncIterator[PatientClock]:
    """A clock that beats in this loop until the block ends."""
    clock = PatientClock(speed)
    beats = asyncio.create_task(clock.run(), name="beats of a clock")
    try:
        yield clock
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats
