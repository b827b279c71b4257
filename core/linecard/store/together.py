"""Units of work that share a transaction: one wait for the disk for all that came meanwhile.

Each is undone alone where it fails. None has its result before all that it saw is on the disk; where
that fails, all of them have failed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from linecard.store.prepared import command

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

TOGETHER_SECONDS = 0.005
"""So long a transaction takes further units in."""

Answer = TypeVar("Answer")
Work = Callable[["AsyncConnection"], Awaitable[Answer]]
"""What is done with a connection."""
Begin = Callable[[], "AbstractAsyncContextManager[AsyncConnection]"]


@dataclass(slots=True, eq=False)
class _Unit:
    """A piece of work, and what came of it."""

    work: Work[Any]
    told: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def tell(self, error: Exception | None = None) -> None:
        """Let whoever waits know; `error`: what the whole transaction failed of."""
        failed = error or self.error
        if self.told.done():
            return
        if failed is None:
            self.told.set_result(self.result)
        else:
            self.told.set_exception(failed)


class Together:
    """Does units of work one after another, as many as come within 5 ms in each transaction of `begin`."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._waiting: deque[_Unit] = deque()
        self._running: asyncio.Task[None] | None = None

    async def do(self, work: Work[Answer]) -> Answer:
        """What `work` gives, once it is on the disk. Raises what it raises, or what became of the transaction."""
        if self._running is not None and asyncio.current_task() is self._running:
            raise RuntimeError("a unit of work cannot wait for another behind it")
        unit = _Unit(work, asyncio.get_running_loop().create_future())
        self._waiting.append(unit)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="write together")
        answer: Answer = await unit.told
        return answer

    async def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        while self._waiting:
            self._waiting.popleft().told.cancel()
        if self._running is not None:
            await asyncio.wait({self._running})

    async def _run(self) -> None:
        while self._waiting:
            taken: list[_Unit] = []
            try:
                async with self._begin() as conn:
                    await self._fill(conn, taken)
            except Exception as error:  # noqa: BLE001 (told to whoever waits)
                for unit in taken or self._all():
                    unit.tell(error)
            except asyncio.CancelledError:
                for unit in (*taken, *self._all()):
                    unit.told.cancel()
                raise
            else:
                for unit in taken:
                    unit.tell()

    def _all(self) -> list[_Unit]:
        units = list(self._waiting)
        self._waiting.clear()
        return units

    async def _fill(self, conn: AsyncConnection, taken: list[_Unit]) -> None:
        """Do what waits, and what comes while it is done."""
        clock = asyncio.get_running_loop().time
        until = clock() + TOGETHER_SECONDS
        while self._waiting and (not taken or clock() < until):
            unit = self._waiting.popleft()
            if not unit.told.done():
                taken.append(unit)
                await _do(conn, unit)
                await asyncio.sleep(0)  # others have their turn, and some bring more


async def _do(conn: AsyncConnection, unit: _Unit) -> None:
    """Do a unit; where it fails, the transaction is as it was before. Raises where that cannot be."""
    await command(conn, "SAVEPOINT unit")
    try:
        unit.result = await unit.work(conn)
    except Exception as error:  # noqa: BLE001 (told to whoever waits)
        unit.error = error
        await command(conn, "ROLLBACK TO unit")
    await command(conn, "RELEASE unit")
