"""Time that stands still while anything is done, and then jumps to whatever is due next."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from linecard.clock import Clock
from linecard.store import Database
from linecard.store.together import Answer, Work

STUCK_SECONDS = 60.0
"""Real ones: no statement of a database in a temporary folder takes so long."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop of its own time, in seconds since it was made. Work in threads takes none of it."""

    def __init__(self) -> None:
        self._moment = 0.0
        self._working = 0
        super().__init__(_JumpingSelector(self._may_jump, self._jump))

    def time(self) -> float:
        """Seconds of the loop's own time."""
        return self._moment

    @contextmanager
    def working(self) -> Iterator[None]:
        """Time stands still: something is being done that this loop cannot see."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """As ever; while a thread works, time stands still."""
        future = super().run_in_executor(executor, func, *args)
        self._working += 1
        future.add_done_callback(self._done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for its threads without a limit, which this loop's time would jump over."""
        await super().shutdown_default_executor()

    async def create_connection(self, *_args: Any, **_kwargs: Any) -> Any:
        """Nothing is sent anywhere."""
        raise ConnectionRefusedError("a replay uses no network")

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Nothing is sent anywhere."""
        raise ConnectionRefusedError("a replay uses no network")

    def _done(self, _future: object) -> None:
        self._working -= 1

    def _may_jump(self) -> bool:
        return self._working == 0

    def _jump(self, seconds: float) -> None:
        self._moment += seconds


class _JumpingSelector(selectors.SelectSelector):
    """Waits for nothing that only time would bring."""

    def __init__(self, may_jump: Callable[[], bool], jump: Callable[[float], None]) -> None:
        super().__init__()
        self._may_jump = may_jump
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; where nothing is and nobody works, the time of the next timer has come."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        if timeout is None or not self._may_jump():
            ready = super().select(STUCK_SECONDS)
            if not ready:
                raise RuntimeError(f"the replay has stood still for {STUCK_SECONDS:g} s")
            return ready
        ready = super().select(0)
        if not ready:
            self._jump(timeout)
        return ready


class LoopClock(Clock):
    """The calls' clock, by a loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, speed: float) -> None:
        super().__init__(speed)
        self._loop = loop

    def now(self) -> float:
        """Seconds since the loop was made, at this clock's speed."""
        return self._loop.time() * self.speed


class StillDatabase(Database):
    """A database during whose work time stands still."""

    def __init__(self, url: str, loop: JumpingLoop) -> None:
        super().__init__(url)
        self._loop = loop

    async def close(self) -> None:
        """Close every connection."""
        with self._loop.working():
            await super().close()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write."""
        with self._loop.working():
            async with super().write() as conn:
                yield conn

    async def together(self, work: Work[Answer]) -> Answer:
        """Work in a transaction that may write."""
        with self._loop.working():
            return await super().together(work)

    async def apart(self, work: Work[Answer]) -> Answer:
        """The same."""
        with self._loop.working():
            return await super().apart(work)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        with self._loop.working():
            async with super().read() as conn:
                yield conn
