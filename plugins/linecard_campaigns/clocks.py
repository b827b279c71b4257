"""The time, told twice: by the machine's clock, and by counting on from the start of the process.

Whoever sets the machine's clock moves the first alone. Where they differ one of them is wrong, and nobody
knows which until somebody looks: then only what is lawful by both of them is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from linecard import now

APART = timedelta(minutes=1)
"""Clocks drift, and time servers correct them a little; this much is more than that."""


def _running() -> float:
    """Seconds that go on while the machine sleeps, where there is such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks, which agree at the moment when this is made."""

    wall: Callable[[], datetime] = now
    running: Callable[[], float] = _running
    _began: tuple[datetime, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_began", (self.wall(), self.running()))

    def read(self) -> tuple[datetime, datetime]:
        """The machine's clock, and the one that counts on."""
        began, then = self._began
        return self.wall(), began + timedelta(seconds=self.running() - then)


def differ(clocks: tuple[datetime, ...]) -> bool:
    """Whether one of them is wrong."""
    return max(clocks) - min(clocks) > APART
