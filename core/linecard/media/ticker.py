"""One timer for the audio of all calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from linecard.clock import Clock
from linecard.media.formats import FRAME_MS

log = structlog.get_logger()

Tick = Callable[[float], object]
"""Takes the clock's `now`; one that returns False is not called again until it is added again."""


class Ticker:
    """Calls every registered `tick(now)` each 20 ms of its clock; runs only while somebody is registered.

    Of a thousand calls few wait for time to pass: those that do not cost nothing here.

    A late tick is not made up for by more ticks: sessions reckon with positions, not with counts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ticks: dict[Tick, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, tick: Tick) -> None:
        """Call `tick` from now on."""
        self._ticks[tick] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="media ticker")

    def remove(self, tick: Tick) -> None:
        """Call `tick` no more; safe to repeat."""
        self._ticks.pop(tick, None)

    async def close(self) -> None:
        """Stop."""
        self._ticks.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        period = FRAME_MS / 1000
        due = self._clock.now()
        while self._ticks:
            now = self._clock.now()
            due = due + period if due + period > now else now + period
            await self._clock.sleep(due - now)
            self._tick_all(self._clock.now())
        self._task = None

    def _tick_all(self, now: float) -> None:
        for tick in list(self._ticks):
            try:
                if tick(now) is False:
                    self.remove(tick)
            except Exception:
                log.exception("a tick failed and is called no more")
                self.remove(tick)
