"""The recorder of one call: what it is told costs an append to a queue, and nothing else.

Turning entries into lines, hiding what is private and writing are the writer's, in a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

MOST_WAITING = 20_000
"""Entries that wait for the writer: three minutes of a call's audio. What comes beyond is counted."""

Entry = tuple[float, str, Any]
"""When (on the call's clock), what kind, and its facts as they were handed over."""


class Flight:
    """One call's recorder. `origin` is the moment of the clock that its file counts from."""

    __slots__ = ("_now", "_waiting", "call_id", "last_at", "missed", "origin", "streams")

    def __init__(self, call_id: str, now: Callable[[], float], origin: float) -> None:
        self.call_id = call_id
        self.origin = origin
        self.missed = 0
        self.streams = 0
        self.last_at = now()
        self._now = now
        self._waiting: deque[Entry] = deque()

    def put(self, kind: str, facts: Any) -> None:
        """Something has happened now. The facts must not change any more."""
        if len(self._waiting) < MOST_WAITING:
            self.last_at = at = self._now()
            self._waiting.append((at, kind, facts))
        else:
            self.missed += 1

    def put_at(self, at: float, kind: str, facts: Any) -> None:
        """Something that began at a moment of the clock."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((at, kind, facts))
            self.last_at = at
        else:
            self.missed += 1

    def now(self) -> float:
        """This moment of the clock."""
        return self._now()

    def take(self) -> Iterator[Entry]:
        """What waits, the oldest first; for the writer, which may stand in another thread."""
        while self._waiting:
            yield self._waiting.popleft()
