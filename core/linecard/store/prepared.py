"""Statements that are made once, and carried out without being made out again.

To find the text of a statement anew each time costs several times what SQLite needs to carry it out. On
a connection that never waits, the text is kept with what turns values into the driver's, and back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Select
from sqlalchemy.exc import DBAPIError

from linecard.store.inline import InlineConnection

if TYPE_CHECKING:
    from sqlalchemy import Dialect, Executable, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as the driver takes it: its values in order, and the columns of its rows.

    `usual` are the values that nobody gives; `wanted` names those that must be converted, `columns` too.
    """

    sql: str
    names: tuple[str, ...]
    usual: Row
    wanted: tuple[tuple[str, Convert, bool], ...]
    columns: tuple[tuple[str, Convert | None], ...]

    def values(self, named: Row) -> dict[str, Any]:
        """The values as the driver takes them, in order."""
        every = {**self.usual, **named}
        found = {name: every[name] for name in self.names}
        for name, convert, takes_none in self.wanted:
            value = found[name]
            if takes_none or value is not None:
                found[name] = convert(value)
        return found

    def row(self, found: Sequence[Any]) -> Row:
        """A row by the names of its columns."""
        pairs = zip(self.columns, found, strict=False)
        return {
            name: value if convert is None else convert(value) for (name, convert), value in pairs
        }


class Prepared:
    """A statement with named values: `make` gives it for a connection's dialect, the same each time.

    It must hold no list of values whose length differs, and no value twice.
    """

    def __init__(self, make: Callable[[AsyncConnection], Executable]) -> None:
        self._make = make
        self._texts: WeakKeyDictionary[Dialect, dict[tuple[str, ...], _Text]] = WeakKeyDictionary()

    async def all(self, conn: AsyncConnection, named: Row) -> Sequence[Row | RowMapping]:
        """The rows that it finds."""
        carry_out = _CARRY_OUT.get(conn.dialect.driver)
        if carry_out is None:
            return (await conn.execute(self._make(conn), dict(named))).mappings().all()
        text = self._text(conn, named)
        return [text.row(found) for found in await carry_out(conn, text, named)]

    async def first(self, conn: AsyncConnection, named: Row) -> Row | RowMapping | None:
        """The first row that it finds."""
        found = await self.all(conn, named)
        return found[0] if found else None

    async def finds(self, conn: AsyncConnection, named: Row) -> bool:
        """Whether it gives a row back, whatever stands in it."""
        carry_out = _CARRY_OUT.get(conn.dialect.driver)
        if carry_out is None:
            return (await conn.execute(self._make(conn), dict(named))).first() is not None
        return bool(await carry_out(conn, self._text(conn, named), named))

    async def run(self, conn: AsyncConnection, named: Row) -> None:
        """Carry it out; it gives nothing back."""
        carry_out = _CARRY_OUT.get(conn.dialect.driver)
        if carry_out is None:
            await conn.execute(self._make(conn), dict(named))
        else:
            await carry_out(conn, self._text(conn, named), named)

    def _text(self, conn: AsyncConnection, named: Row) -> _Text:
        texts = self._texts.setdefault(conn.dialect, {})
        names = tuple(named)
        if names not in texts:
            texts[names] = _text(self._make(conn), conn.dialect, names)
        return texts[names]


async def command(conn: AsyncConnection, sql: str) -> None:
    """Carry out SQL without values or rows, by the driver itself where that can be."""
    carry_out = _CARRY_OUT.get(conn.dialect.driver)
    if carry_out is None:
        await conn.exec_driver_sql(sql)
    else:
        await carry_out(conn, _Text(sql, (), {}, (), ()), {})


async def _inline(conn: AsyncConnection, text: _Text, named: Row) -> list[Any]:
    assert isinstance(conn, InlineConnection)
    return conn.carry_out(text.sql, tuple(text.values(named).values()))


async def _psycopg(conn: AsyncConnection, text: _Text, named: Row) -> list[Any]:
    """By the driver itself; what it raises is what SQLAlchemy would raise, and a dead connection is no more used."""
    assert conn.sync_connection is not None
    driver: Any = conn.sync_connection.connection.driver_connection
    values = text.values(named)
    try:
        cursor = await driver.execute(text.sql, values)
        return await cursor.fetchall() if cursor.description else []
    except conn.dialect.loaded_dbapi.Error as error:
        if driver.closed:
            await conn.invalidate(error)
        base: Any = conn.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(text.sql, values, error, base, dialect=conn.dialect) from error


CarryOut = Callable[["AsyncConnection", _Text, Row], Awaitable[list[Any]]]
_CARRY_OUT: Mapping[str, CarryOut] = MappingProxyType({"pysqlite": _inline, "psycopg": _psycopg})
"""By driver. SQLite by aiosqlite has a thread behind every statement, which costs more than its text."""


def _text(statement: Executable, dialect: Dialect, names: Sequence[str]) -> _Text:
    made: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
    order = tuple(made.positiontup or made.binds)
    usual = {name: made.binds[name].effective_value for name in order if name not in names}
    into = ((name, _into(made.binds[name].type, dialect)) for name in order)
    wanted = [(name, one, one(None) is not None) for name, one in into if one is not None]
    chosen = statement.selected_columns if isinstance(statement, Select) else ()
    columns = [(str(one.key), _back(one.type, dialect)) for one in chosen]
    return _Text(made.string, order, usual, tuple(wanted), tuple(columns))


def _into(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _back(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
