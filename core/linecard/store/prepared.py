"""Statements that are made once, and carried out without being made out again.

To find the text of a statement anew each time costs several times what SQLite needs to carry it out. On
a connection that never waits, the text is kept with what turns values into the driver's, and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Select

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
    """A statement as the driver takes it: `given` are its values in order, `columns` those of its rows."""

    sql: str
    given: tuple[tuple[str, Any, Convert | None], ...]
    columns: tuple[tuple[str, Convert | None], ...]

    def values(self, named: Row) -> list[Any]:
        """The values by position."""
        found = ((named.get(name, usual), convert) for name, usual, convert in self.given)
        return [value if convert is None else convert(value) for value, convert in found]

    def row(self, found: Sequence[Any]) -> Row:
        """A row by the names of its columns."""
        pairs = zip(self.columns, found, strict=False)
        return {
            name: value if convert is None else convert(value) for (name, convert), value in pairs
        }


class Prepared:
    """A statement with named values: `make` gives it for a connection's dialect, the same each time.

    It must hold no list of values whose length differs.
    """

    def __init__(self, make: Callable[[AsyncConnection], Executable]) -> None:
        self._make = make
        self._texts: WeakKeyDictionary[Dialect, dict[tuple[str, ...], _Text]] = WeakKeyDictionary()

    async def all(self, conn: AsyncConnection, named: Row) -> Sequence[Row | RowMapping]:
        """The rows that it finds."""
        if isinstance(conn, InlineConnection):
            text = self._text(conn, named)
            return [text.row(found) for found in conn.carry_out(text.sql, text.values(named))]
        return (await conn.execute(self._make(conn), dict(named))).mappings().all()

    async def first(self, conn: AsyncConnection, named: Row) -> Row | RowMapping | None:
        """The first row that it finds."""
        found = await self.all(conn, named)
        return found[0] if found else None

    async def finds(self, conn: AsyncConnection, named: Row) -> bool:
        """Whether it gives a row back, whatever stands in it."""
        if isinstance(conn, InlineConnection):
            text = self._text(conn, named)
            return bool(conn.carry_out(text.sql, text.values(named)))
        return (await conn.execute(self._make(conn), dict(named))).first() is not None

    async def run(self, conn: AsyncConnection, named: Row) -> None:
        """Carry it out; it gives nothing back."""
        if isinstance(conn, InlineConnection):
            text = self._text(conn, named)
            conn.carry_out(text.sql, text.values(named))
        else:
            await conn.execute(self._make(conn), dict(named))

    def _text(self, conn: AsyncConnection, named: Row) -> _Text:
        texts = self._texts.setdefault(conn.dialect, {})
        names = tuple(named)
        if names not in texts:
            texts[names] = _text(self._make(conn), conn.dialect, names)
        return texts[names]


def _text(statement: Executable, dialect: Dialect, names: Sequence[str]) -> _Text:
    made: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
    given = [
        (name, made.binds[name].effective_value, _into(made.binds[name].type, dialect))
        for name in made.positiontup or ()
    ]
    chosen = statement.selected_columns if isinstance(statement, Select) else ()
    columns = [(str(one.key), _back(one.type, dialect)) for one in chosen]
    return _Text(made.string, tuple(given), tuple(columns))


def _into(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _back(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
