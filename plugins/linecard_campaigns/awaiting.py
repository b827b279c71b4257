"""Waiting for calls to end: told in this process, or found in the database where another one was told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from linecard import ENDS
from linecard.store.tables import calls

if TYPE_CHECKING:
    from linecard.store import Database

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 1.0
AT_ONCE = 500


class Ends:
    """The calls whose end somebody here waits for. One question asks for all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def heard(self, call_id: str) -> None:
        """A call is over; known or not."""
        for event in self._waiting.get(call_id, ()):
            event.set()

    async def wait(self, call_id: str, seconds: float) -> None:
        """Return when the call is over, or after so many seconds."""
        event = asyncio.Event()
        self._waiting[call_id].add(event)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            self._waiting[call_id].discard(event)
            if not self._waiting[call_id]:
                del self._waiting[call_id]

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                await self.look()
            except Exception:
                log.exception("looking for ended calls failed; it is tried again")

    async def look(self) -> None:
        """Look once at every call that is waited for."""
        waiting = tuple(self._waiting)
        for start in range(0, len(waiting), AT_ONCE):
            for call_id in await self._over(waiting[start : start + AT_ONCE]):
                self.heard(call_id)

    async def _over(self, call_ids: Iterable[str]) -> list[str]:
        over = select(calls.c.id).where(calls.c.id.in_(call_ids), calls.c.status.in_(tuple(ENDS)))
        async with self._database.read() as conn:
            return list((await conn.execute(over)).scalars())
