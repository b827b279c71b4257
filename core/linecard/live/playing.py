"""The marks an agent waits for."""

from __future__ import annotations

import asyncio
from itertools import count

from linecard.media.marks import MarkEnd


class Waits:
    """Marks of ours by name, each with somebody who waits for its end."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[MarkEnd]] = {}

    def new(self) -> tuple[str, asyncio.Future[MarkEnd]]:
        """A fresh name and its end."""
        name = f"played-{next(self._numbers)}"
        future: asyncio.Future[MarkEnd] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        return name, future

    def end(self, name: str, end: MarkEnd) -> bool:
        """Settle a mark; False when nobody here waits for it."""
        future = self._waiting.pop(name, None)
        if future is not None and not future.done():
            future.set_result(end)
        return future is not None

    def end_all(self) -> None:
        """The call is over: nobody knows what was heard."""
        for name in list(self._waiting):
            self.end(name, MarkEnd.UNKNOWN)
