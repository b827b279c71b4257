"""Rows of other calls that name a number in passing: the number is taken out, the row stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, String, Table, and_, cast, delete, or_, select, update

from linecard.mentions import Mention
from linecard.store.tables import (
    blocklist,
    calls,
    idempotency,
    inbox,
    notifications,
    numbers,
    outbox,
    timeline,
    transfers,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

PLACES: Sequence[tuple[Table, Sequence[str]]] = (
    (calls, ("metadata", "options", "outcome", "end_reason", "closing", "notify")),
    (timeline, ("facts",)),
    (inbox, ("payload",)),
    (outbox, ("payload", "error")),
    (notifications, ("url", "body", "error")),
    (blocklist, ("note",)),
)
"""Where people and carriers write freely. Ids and words of our own hold no number."""
OURS = ("options", "routing", "notify", "former_target", "connected_target")
"""What of a registered number is somebody's configuration, and is not changed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that names the number: its key, and what it is to hold."""

    table: Table
    key: Mapping[str, Any]
    left: Mapping[str, Any]


async def calls_with(conn: AsyncConnection, mention: Mention) -> set[str]:
    """The calls that were handed to a number, or were to be, whoever called."""
    sent = select(transfers.c.call, transfers.c.targets).where(
        _may_name(transfers, mention, ("targets",))
    )
    routed = select(calls.c.id, calls.c.route).where(_may_name(calls, mention, ("route",)))
    rows = [*(await conn.execute(sent)).all(), *(await conn.execute(routed)).all()]
    return {call for call, value in rows if mention.stands_in(value)}


async def rows(
    conn: AsyncConnection, mention: Mention, more: Sequence[tuple[Table, Sequence[str]]] = ()
) -> list[Row]:
    """Every row that names the number, in our places and `more`. Reads whole tables."""
    places = (*PLACES, *more)
    return [row for table, names in places for row in await _of_table(conn, mention, table, names)]


async def hide(conn: AsyncConnection, mention: Mention, found: Sequence[Row]) -> int:
    """Take the number out of rows that were found before, as they stand now; how many held it."""
    count = 0
    for row in found:
        names = tuple(row.left)
        current = (await conn.execute(_select(row.table, names).where(_is(row)))).mappings().first()
        if current is None or not mention.stands_in([current[name] for name in names]):
            continue
        await _hide(conn, row, {name: mention.hidden(current[name]) for name in names})
        count += 1
    return count


async def _hide(conn: AsyncConnection, row: Row, left: Mapping[str, Any]) -> None:
    """What came of no known call is of nobody else: it goes whole."""
    if row.table is inbox:
        stray = delete(inbox).where(_is(row), inbox.c.call_id.is_(None))
        await conn.execute(stray)
    await conn.execute(update(row.table).where(_is(row)).values(dict(left)))


async def erase_keys(conn: AsyncConnection, mention: Mention) -> int:
    """Delete the Idempotency-Keys in which the number stands."""
    query = select(idempotency.c.key).where(idempotency.c.key.contains(mention.needle))
    keys = [key for key in (await conn.execute(query)).scalars() if mention.stands_in(key)]
    for key in keys:
        await conn.execute(delete(idempotency).where(idempotency.c.key == key))
    return len(keys)


async def configured(conn: AsyncConnection, mention: Mention) -> list[str]:
    """The registered numbers whose configuration names the number."""
    query = select(numbers.c.number, *(numbers.c[name] for name in OURS))
    found = (await conn.execute(query.where(_may_name(numbers, mention, OURS)))).all()
    return sorted(row[0] for row in found if mention.stands_in(list(row[1:])))


async def _of_table(
    conn: AsyncConnection, mention: Mention, table: Table, names: Sequence[str]
) -> list[Row]:
    query = _select(table, names).where(_may_name(table, mention, names))
    found = (await conn.execute(query)).mappings()
    return [
        Row(table, {one.key: row[one.key] for one in _keys(table)}, dict.fromkeys(names))
        for row in found
        if mention.stands_in([row[name] for name in names])
    ]


def _select(table: Table, names: Sequence[str]) -> Any:
    return select(*_keys(table), *(table.c[name] for name in names))


def _keys(table: Table) -> Iterator[Column[Any]]:
    return iter(table.primary_key.columns)


def _is(row: Row) -> ColumnElement[bool]:
    return and_(*(row.table.c[name] == value for name, value in row.key.items()))


def _may_name(table: Table, mention: Mention, names: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(cast(table.c[name], String).contains(mention.needle) for name in names))
