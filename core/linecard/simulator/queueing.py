"""Limits of rate: calls that start later, and requests that are refused."""

from __future__ import annotations

from collections import deque

from linecard.clock import Clock


class DialPace:
    """At most `per_second` calls start in any second; the others wait their turn."""

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=per_second)

    def reserve(self) -> float:
        """The clock's moment at which the next call may start; now, or later."""
        now = self._clock.now()
        full = len(self._starts) == self._starts.maxlen
        start = max(now, self._starts[0] + 1.0) if full else now
        self._starts.append(start)
        return start


class Window:
    """At most `limit` events in any `seconds`."""

    def __init__(self, limit: int, seconds: float, clock: Clock) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Whether one more event may happen now; counted when it may."""
        now = self._clock.now()
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._limit:
            return False
        self._times.append(now)
        return True
