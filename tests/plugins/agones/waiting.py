"""Waiting for what must come, and a sleep that tests hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONGEST_SECONDS = 20.0


async def until(holds: Callable[[], object], what: str) -> None:
    """Come back once it holds. Fails with what did not come."""
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while not holds():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


class Sleeping:
    """Sleeps end when they are told to; `asked` are their seconds, in order."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._waiting: list[tuple[float, asyncio.Event]] = []

    async def __call__(self, seconds: float) -> None:
        """Sleep."""
        ends = asyncio.Event()
        self.asked.append(seconds)
        self._waiting.append((seconds, ends))
        await ends.wait()

    def wake(self, seconds: float) -> None:
        """End all sleeps of that length."""
        for length, ends in self._waiting:
            if length == seconds:
                ends.set()
        self._waiting = [one for one in self._waiting if not one[1].is_set()]


async def quick(seconds: float) -> None:
    """Four hundred times as fast as life."""
    await asyncio.sleep(seconds / 400)
