"""Moments shown in the order in which they happened, though some are told a little late."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from linecard.demo.story import Listener, Moment

HOLD_SECONDS = 0.25
"""Real seconds for which a line waits: a webhook is told with its reply, but began before it."""


class InOrder:
    """A listener in front of another. Every moment waits a little, so that an earlier one may overtake it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._waiting: list[tuple[float, int, float, Moment]] = []
        self._numbers = count()

    def __call__(self, moment: Moment) -> None:
        """Take a moment; it is passed on within a quarter of a second."""
        loop = asyncio.get_running_loop()
        heapq.heappush(self._waiting, (moment.at, next(self._numbers), loop.time(), moment))
        loop.call_later(HOLD_SECONDS, self._pass_on, loop.time())

    def flush(self) -> None:
        """Pass on all that waits."""
        while self._waiting:
            self._listener(heapq.heappop(self._waiting)[-1])

    def _pass_on(self, told: float) -> None:
        """Pass on what was told by then, and all that happened before it."""
        last = max((at for at, _, when, _ in self._waiting if when <= told), default=-1.0)
        while self._waiting and self._waiting[0][0] <= last:
            self._listener(heapq.heappop(self._waiting)[-1])
