"""How much another process may send: so much at once, and so much a second after that."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """`at_once` to begin with and at most; `a_second` are added."""

    def __init__(
        self, at_once: float, a_second: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._now = now
        self._left, self._at = at_once, now()

    def take(self) -> bool:
        """Take one; False where there is none now."""
        at = self._now()
        self._left = min(self._at_once, self._left + (at - self._at) * self._a_second)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True
