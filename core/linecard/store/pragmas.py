"""How SQLite is opened and how its transactions begin."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

_ALWAYS = ("synchronous = FULL", "foreign_keys = ON")
_WRITING = ("secure_delete = ON",)
"""What is deleted or replaced is overwritten in the file, and stays in no free page."""
_TRY_AGAIN_SECONDS = 0.02


def use_wal(path: str, patience_seconds: float) -> None:
    """Put a database file into WAL mode, where it stays: readers and the writer do not hold each other up.

    Of two processes that do this at once one is refused, whatever its busy timeout; so it is tried again.
    """
    deadline = time.monotonic() + patience_seconds
    with closing(sqlite3.connect(path)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(_TRY_AGAIN_SECONDS)
            else:
                return


def follow_sqlite(engine: Engine, *, writes: bool, busy_seconds: float) -> None:
    """Give every connection its pragmas, and begin every writing transaction IMMEDIATE.

    A transaction that begins deferred and then writes fails at once when another has written, whatever
    the busy timeout; one that begins IMMEDIATE waits its turn.
    """
    pragmas = (f"busy_timeout = {int(busy_seconds * 1000)}", *_ALWAYS)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        try:
            _set(connection, (*pragmas, *(_WRITING if writes else ("query_only = ON",))))
        except BaseException:
            connection.close()  # the pool has not taken it yet: nobody else would
            raise

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _set(connection: Any, pragmas: Sequence[str]) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def scrub(path: str, vacuum_below: int, patience_seconds: float) -> bool:
    """Write the file anew where it is smaller, and empty the write-ahead log; False while others hold it.

    Rows that went before `secure_delete` was set may stand in free pages; the log holds pages as they were.
    """
    opened = sqlite3.connect(path, timeout=patience_seconds, isolation_level=None)
    with closing(opened) as connection:
        _set(connection, (*_ALWAYS, *_WRITING))
        try:
            if Path(path).stat().st_size < vacuum_below:
                connection.execute("VACUUM")
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
    return not busy
