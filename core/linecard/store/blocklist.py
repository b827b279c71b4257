"""Whose calls are not taken, and who is not called: numbers, and prefixes written with a `*` at their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, delete, func, select

from linecard.calls import Direction
from linecard.errors import Conflict, NotFound
from linecard.numbers import Blocks
from linecard.store.page import Page, fetch_page
from linecard.store.prepared import Prepared
from linecard.store.rows import from_row, insert, to_row
from linecard.store.tables import blocklist

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

_STOPS = (blocklist.c.direction == Blocks.BOTH) | (blocklist.c.direction == bindparam("direction"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """One entry: `caller` is a number in E.164, or a prefix with a `*`; `direction` says which calls it stops."""

    id: str
    caller: str
    direction: Blocks
    note: str | None
    created_at: datetime


async def add(conn: AsyncConnection, entry: Blocked) -> None:
    """Block a number or prefix. Raises Conflict when it is blocked already."""
    row = insert(conn, blocklist).values(to_row(entry)).on_conflict_do_nothing()
    if (await conn.execute(row.returning(blocklist.c.id))).first() is None:
        raise Conflict(f"{entry.caller} is on the blocklist already")


async def block_too(conn: AsyncConnection, entry: Blocked) -> None:
    """Block in one more direction what may be blocked already; its note stays as it was."""
    both = case((blocklist.c.direction == entry.direction, entry.direction), else_=Blocks.BOTH)
    row = insert(conn, blocklist).values(to_row(entry))
    await conn.execute(
        row.on_conflict_do_update(index_elements=["caller"], set_={"direction": both})
    )


async def fitting(conn: AsyncConnection, caller: str | None, direction: Direction) -> str | None:
    """The longest entry that the other side of a call fits; None where it is not blocked, or withheld."""
    if caller is None:
        return None
    entries = [caller, *(f"{caller[:end]}*" for end in range(2, len(caller) + 1))]
    named = {f"entry_{n}": one for n, one in enumerate(entries)}
    query = _fitting(len(entries))
    found = await query.first(conn, named | {"direction": Blocks(direction)})
    return found["caller"] if found else None


@lru_cache(32)
def _fitting(length: int) -> Prepared:
    """The question for so many entries: E.164 has at most 15 digits."""
    entries = [bindparam(f"entry_{n}", type_=blocklist.c.caller.type) for n in range(length)]
    longest = (
        select(blocklist.c.caller)
        .where(blocklist.c.caller.in_(entries), _STOPS)
        .order_by(func.length(blocklist.c.caller).desc(), blocklist.c.caller)
        .limit(1)
    )
    return Prepared(lambda _conn: longest)


async def has(conn: AsyncConnection, caller: str) -> bool:
    """Whether there is an entry for just this caller."""
    query = select(blocklist.c.id).where(blocklist.c.caller == caller)
    return (await conn.execute(query)).first() is not None


async def get(conn: AsyncConnection, caller: str) -> Blocked | None:
    """The entry for just this caller, written as it was."""
    query = select(blocklist).where(blocklist.c.caller == caller)
    row = (await conn.execute(query)).mappings().first()
    return None if row is None else _entry(row)


async def page(conn: AsyncConnection, limit: int, cursor: str | None) -> Page[Blocked]:
    """The entries, oldest first."""
    return await fetch_page(conn, blocklist, select(blocklist), _entry, limit=limit, cursor=cursor)


async def remove(conn: AsyncConnection, caller: str) -> None:
    """Take an entry off, as it was written. Raises NotFound."""
    gone = delete(blocklist).where(blocklist.c.caller == caller).returning(blocklist.c.id)
    if (await conn.execute(gone)).first() is None:
        raise NotFound("entry of the blocklist", caller)


def _entry(row: RowMapping) -> Blocked:
    return from_row(Blocked, row)
