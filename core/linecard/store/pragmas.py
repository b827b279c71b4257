"""How SQLite is opened and how its transactions begin."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

_ALWAYS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


def follow_sqlite(engine: Engine, *, writes: bool, busy_seconds: float) -> None:
    """Give every connection its pragmas, and begin every writing transaction IMMEDIATE.

    A transaction that begins deferred and then writes fails at once when another has written, whatever
    the busy timeout; one that begins IMMEDIATE waits its turn.
    """
    pragmas = (f"busy_timeout = {int(busy_seconds * 1000)}", *_ALWAYS)
    begin = "BEGIN"

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        cursor = connection.cursor()
        for pragma in pragmas if writes else (*pragmas, "query_only = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
