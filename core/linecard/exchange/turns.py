"""One at a time: requests of one call that would decide the same thing side by side."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """A lock for each call, there only while somebody needs it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, call_id: str) -> asyncio.Lock:
        """The lock of a call: `async with exchange.turns.of(call.id)`."""
        lock = self._locks.get(call_id)
        if lock is None:
            lock = self._locks[call_id] = asyncio.Lock()
        return lock
