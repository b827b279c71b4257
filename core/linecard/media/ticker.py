"""One clock for all streams: a single task that gives each of them its turn every 20 ms."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from linecard.clock import Clock
from linecard.media.formats import FRAME_MS

log = structlog.get_logger()

PERIOD = FRAME_MS / 1000


class Ticking(Protocol):
    """What wants a turn."""

    def tick(self, now: float) -> None:
        """Do what is due; must not wait."""


class Ticker:
    """Runs while anybody is registered; never drifts, and after a stall goes on with one turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._members: dict[Ticking, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, member: Ticking) -> None:
        """Give it turns."""
        self._members[member] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="ticker")

    def remove(self, member: Ticking) -> None:
        """Give it no more turns."""
        self._members.pop(member, None)

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        due = self._clock.now()
        while self._members:
            now = self._clock.now()
            for member in tuple(self._members):
                self._turn(member, now)
            due = max(due + PERIOD, now)
            await self._clock.sleep(max(0.0, due - self._clock.now()))

    def _turn(self, member: Ticking, now: float) -> None:
        try:
            member.tick(now)
        except Exception:
            log.exception("a stream failed in its turn; the others go on")
            self.remove(member)
