"""Calls that may surely come in before anybody counts again.

While a quarter of what we take is free, a process lets a 64th of it in on one count, within a second:
sixteen processes that do so side by side stay below the limit, however fast calls come.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

GOOD_SECONDS = 1.0
FREE, SHARE = 4, 64


@dataclass(slots=True)
class Headroom:
    """What is left of the last count."""

    _left: int = 0
    _until: float = 0.0

    def take(self) -> bool:
        """Let one call in; False: count first."""
        if self._left <= 0 or time.monotonic() > self._until:
            return False
        self._left -= 1
        return True

    def counted(self, live: int, most: int) -> None:
        """What a count has found."""
        is_near = live + most // FREE >= most
        self._left = 0 if is_near else most // SHARE
        self._until = time.monotonic() + GOOD_SECONDS
