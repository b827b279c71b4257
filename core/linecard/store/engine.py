"""The database: SQLite in a file, or PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from linecard.store.columns import write_json
from linecard.store.inline import InlineWriter
from linecard.store.migrate import migrate
from linecard.store.pragmas import follow_sqlite, scrub
from linecard.store.rows import WRITES
from linecard.store.together import Answer, Together, Work
from linecard.store.urls import is_sqlite, parse_url

BUSY_ERRORS = (OperationalError, NoConnection)
"""What is raised while a database is locked, gone, or has no connection left: later it may work."""
ASK_AGAIN_SECONDS = 0.05
BUSY_SECONDS = 5
"""How long a writer waits for another before it gives up."""

VACUUM_BYTES = 64 * 1024 * 1024
"""A larger file is not written anew while calls are live: its writer would wait too long."""


_POOLS: dict[str, dict[str, Any]] = {
    "reads": {"pool_size": 5, "max_overflow": 5},
    "writes": {"pool_size": 1, "max_overflow": 0},
    "postgresql": {"pool_size": 5, "max_overflow": 5, "pool_pre_ping": True},
}


class Database:
    """Where numbers, calls and all that belongs to them are kept.

    `url` is an SQLAlchemy URL with or without driver: `sqlite:///linecard.db`, `postgresql://...`.
    `extra_versions` are folders of plugins' own alembic branches.
    Raises ConfigurationError for a URL that cannot work.
    """

    def __init__(self, url: str, extra_versions: Sequence[str] = ()) -> None:
        self._url = parse_url(url)
        self._extra_versions = tuple(extra_versions)
        self._reader = _engine(self._url, writes=False)
        self._writer = _engine(self._url, writes=True)
        self._asking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._inline = (
            InlineWriter(self._url, self._writer, BUSY_SECONDS) if is_sqlite(self._url) else None
        )
        self._together = Together(self._write_inline if self._inline else self.write)

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for PostgreSQL."""
        return Path(self._url.database or "") if is_sqlite(self._url) else None

    async def open(self) -> None:
        """Make the database where it is missing, check it, and bring its tables up to date.

        Raises ConfigurationError when it is damaged, unreachable, or newer than this program.
        """
        await asyncio.to_thread(migrate, self._url, self._extra_versions)

    async def answering(self) -> None:
        """Return once the database answers at all; those who wait side by side share one question."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_again(), name="ask the database")
        await asyncio.shield(self._asking)

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            with suppress(*BUSY_ERRORS):
                async with self.read() as conn:
                    await conn.execute(text("SELECT 1"))
                return

    async def close(self) -> None:
        """Close every connection."""
        if self._asking is not None:
            self._asking.cancel()
        await self._together.close()
        if self._inline is not None:
            await self._inline.close()
        await self._reader.dispose()
        await self._writer.dispose()

    async def scrub(self) -> bool:
        """Leave nothing deleted in an SQLite file or its log; False: others hold it, try again.

        PostgreSQL's own vacuum does as much in its time.
        """
        if self.file is None:
            return True
        return await asyncio.to_thread(scrub, str(self.file), VACUUM_BYTES, BUSY_SECONDS)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed at the end, rolled back when anything raises."""
        if self._inline is None:
            async with self._writer.begin() as conn:
                yield conn
            return
        async with self._in_turn(), self._writer.begin() as conn:
            yield conn

    async def together(self, work: Work[Answer]) -> Answer:
        """What `work` gives with a transaction that may write, once that is committed.

        Others share the transaction; where `work` raises, it alone is undone. It waits for nothing but its
        connection, and on PostgreSQL for no row that somebody else may hold: everybody waits behind it.
        """
        return await self._together.do(work)

    async def apart(self, work: Work[Answer]) -> Answer:
        """The same for work that may have to wait for rows: on PostgreSQL a transaction of its own.

        SQLite has but one writer, and no rows to wait for.
        """
        if self._inline is not None:
            return await self._together.do(work)
        async with self.write() as conn:
            return await work(conn)

    @asynccontextmanager
    async def _write_inline(self) -> AsyncIterator[AsyncConnection]:
        assert self._inline is not None
        async with self._in_turn(), self._inline.transaction() as conn:
            yield conn

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """SQLite has one writer: ours wait for each other here, in the order in which they came."""
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise NoConnection(
                f"another writer has held the database for {BUSY_SECONDS} s"
            ) from error
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def alone(self, lock: int) -> AsyncIterator[None]:
        """Be the only process in here, on PostgreSQL; nobody waits in a transaction, so that indexes can be made meanwhile."""
        if self._inline is not None:
            yield
            return
        async with self._reader.connect() as conn:
            await conn.execution_options(isolation_level="AUTOCOMMIT")
            asked = select(func.pg_try_advisory_lock(lock))
            while not (await conn.execute(asked)).scalar_one():  # noqa: ASYNC110 - nobody would tell
                await asyncio.sleep(ASK_AGAIN_SECONDS)
            try:
                yield
            finally:
                await conn.execute(select(func.pg_advisory_unlock(lock)))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; a write in it is refused by the database."""
        async with self._reader.connect() as conn:
            yield conn


def _engine(url: URL, *, writes: bool) -> AsyncEngine:
    sqlite = is_sqlite(url)
    pool = _POOLS[("writes" if writes else "reads") if sqlite else "postgresql"]
    options = {WRITES: True} if writes else {"postgresql_readonly": True}
    engine = create_async_engine(
        url,
        pool_timeout=BUSY_SECONDS,
        execution_options=options if writes or not sqlite else {},
        json_serializer=write_json,
        **pool,
    )
    if sqlite:
        follow_sqlite(engine.sync_engine, writes=writes, busy_seconds=BUSY_SECONDS)
    else:
        event.listen(engine.sync_engine, "connect", _bound_waiting)
    return engine


def _bound_waiting(connection: Any, _record: object) -> None:
    """Wait for a lock as long as SQLite would, and not for ever."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    cursor.close()
    connection.commit()
