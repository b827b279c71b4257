"""Rows and the contract's frozen values, both ways; and what differs between the dialects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from sqlalchemy import CursorResult, Delete, Select, Table, Update, func, select
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from dataclasses import Field

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

WRITES = "linecard_writes"
"""The execution option that marks connections of `Database.write`."""

COUNTING = 0x6C63_0002
"""The PostgreSQL advisory lock under which limits are counted."""


class Value(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


V = TypeVar("V", bound=Value)
S = TypeVar("S", bound=Select[Any])


def to_row(value: Value) -> dict[str, Any]:
    """The fields of a value by name, as the columns' types take them."""
    return {name: getattr(value, name) for name in _names(type(value))}


def from_row(kind: type[V], row: Mapping[str, Any] | RowMapping) -> V:
    """The value that a row holds; further columns are left alone."""
    return kind(**{name: row[name] for name in _names(kind)})


@cache
def _names(kind: type[Value]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def check_changes(kind: type[Value], changes: Mapping[str, object], fixed: Iterable[str]) -> None:
    """Raise TypeError for a change of a field that does not exist or never changes."""
    changeable = {field.name for field in fields(kind)} - set(fixed)
    wrong = sorted(set(changes) - changeable)
    if wrong:
        raise TypeError(f"a {kind.__name__} has no changeable field {', '.join(wrong)}")


_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(conn: AsyncConnection, table: Table) -> Any:
    """The dialect's own insert, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return dialect_insert(conn.dialect.name, table)


def dialect_insert(dialect: str, table: Table) -> Any:
    """The same for a dialect by its name, for statements that are made once."""
    return _INSERTS[dialect](table)


def locking(conn: AsyncConnection, query: S) -> S:
    """In a write transaction on PostgreSQL, hold the rows read until it ends.

    SQLite has one writer at a time and needs no such lock.
    """
    return _locked(query) if _is_writing(conn) and is_postgresql(conn) else query


@lru_cache(64)
def _locked(query: S) -> S:
    return query.with_for_update(key_share=True)


async def lock_counting(conn: AsyncConnection) -> None:
    """In a write transaction on PostgreSQL, let nobody else count before this one has committed.

    Two transactions that count and then add would both find room for the last call.
    """
    if _is_writing(conn) and is_postgresql(conn):
        await conn.execute(select(func.pg_advisory_xact_lock(COUNTING)))


async def changed(conn: AsyncConnection, statement: Delete | Update) -> int:
    """Carry out a deletion or a change; how many rows it was."""
    done = await conn.execute(statement)
    assert isinstance(done, CursorResult)
    return done.rowcount


def is_postgresql(conn: AsyncConnection) -> bool:
    """Whether transactions run side by side, and rows are locked."""
    return conn.dialect.name == "postgresql"


def _is_writing(conn: AsyncConnection) -> bool:
    return WRITES in conn.sync_engine.get_execution_options()
