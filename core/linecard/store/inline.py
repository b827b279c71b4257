"""SQLite's writer without a thread between a statement and its result.

Beginning waits for other writers, and committing for the disk: both are done in a thread. A statement
between them is a matter of microseconds, and is carried out where it is asked for.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from linecard.store.columns import write_json
from linecard.store.pragmas import follow_sqlite
from linecard.store.rows import WRITES
from linecard.store.urls import sync_url

if TYPE_CHECKING:
    from sqlalchemy import CursorResult, Executable


class InlineConnection(AsyncConnection):
    """A connection that never waits: every statement is done when `execute` is first asked to go on."""

    __slots__ = ("_driver",)

    def __init__(self, told_as: AsyncEngine, connection: Connection) -> None:
        super().__init__(told_as, connection)
        self._driver: Any = connection.connection.dbapi_connection

    def carry_out(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of the driver's own SQL, with values by position. Raises what SQLAlchemy raises."""
        try:
            rows: list[Any] = self._driver.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                sql, tuple(values), error, sqlite3.Error, dialect=self.dialect
            ) from error
        return rows

    async def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> CursorResult[Any]:
        """Carry out a statement; its rows are read as they are asked for."""
        return self._proxied.execute(statement, parameters, execution_options=execution_options)

    async def exec_driver_sql(
        self, statement: str, parameters: Any = None, execution_options: Any = None
    ) -> CursorResult[Any]:
        """Carry out the driver's own SQL."""
        return self._proxied.exec_driver_sql(statement, parameters, execution_options)


class InlineWriter:
    """One connection to an SQLite file, for one transaction at a time.

    `told_as` is the engine that its connections say they belong to.
    """

    def __init__(self, url: URL, told_as: AsyncEngine, busy_seconds: float) -> None:
        self._told_as = told_as
        self._engine = create_engine(
            sync_url(url),
            connect_args={"check_same_thread": False},
            pool_size=1,
            max_overflow=0,
            execution_options={WRITES: True},
            json_serializer=write_json,
        )
        follow_sqlite(self._engine, writes=True, busy_seconds=busy_seconds)
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._connection: Connection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[InlineConnection]:
        """A transaction that may write: committed at the end, rolled back when anything raises."""
        try:
            await self._in_thread(self._begin)
            assert self._connection is not None
            yield InlineConnection(self._told_as, self._connection)
            await self._in_thread(self._connection.commit)
        finally:
            self._end()

    async def close(self) -> None:
        """Close the connection."""
        await self._in_thread(self._engine.dispose)
        self._thread.shutdown(wait=False)

    def _begin(self) -> None:
        self._connection = self._engine.connect()
        self._connection.begin()

    def _end(self) -> None:
        """Give the connection back; what is not committed is rolled back, also after a `COMMIT` that failed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            held = None if connection.invalidated else connection.connection.dbapi_connection
            if held is not None:
                held.rollback()
            connection.close()

    async def _in_thread(self, work: Callable[[], object]) -> None:
        """Do it to its end, even where nobody waits for it any more: it holds the connection."""
        done = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait({done})
            raise
