"""Registered numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy import update as update_rows

from linecard.errors import Conflict, NotFound
from linecard.numbers import Number, country_of
from linecard.store.page import Page, fetch_page
from linecard.store.prepared import Prepared
from linecard.store.rows import check_changes, from_row, insert, to_row
from linecard.store.tables import numbers

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

_QUERY = select(numbers).where(numbers.c.number == bindparam("e164"))
_BY_NUMBER = Prepared(lambda _conn: _QUERY)


async def add(conn: AsyncConnection, number: Number) -> None:
    """Register a number. Raises Conflict when it is registered already."""
    row = {
        **to_row(number),
        "country": country_of(number.number),
        "created_at": datetime.now(UTC),
    }
    added = insert(conn, numbers).values(row).on_conflict_do_nothing().returning(numbers.c.id)
    if (await conn.execute(added)).first() is None:
        raise Conflict(f"{number.number} is registered already")


async def get(conn: AsyncConnection, e164: str) -> Number | None:
    """A registered number by its E.164 form."""
    row = await _BY_NUMBER.first(conn, {"e164": e164})
    return _number(row) if row else None


async def by_id(conn: AsyncConnection, id: str) -> Number | None:
    """A registered number by our own id of it."""
    row = (await conn.execute(select(numbers).where(numbers.c.id == id))).mappings().first()
    return _number(row) if row else None


async def page(conn: AsyncConnection, limit: int, cursor: str | None) -> Page[Number]:
    """Registered numbers, oldest first."""
    return await fetch_page(conn, numbers, select(numbers), _number, limit=limit, cursor=cursor)


async def update(conn: AsyncConnection, e164: str, **changes: Any) -> Number:
    """Change some fields. Raises NotFound when the number is not registered."""
    check_changes(Number, changes, fixed=("id", "number"))
    if changes:
        await conn.execute(update_rows(numbers).where(numbers.c.number == e164).values(**changes))
    number = await get(conn, e164)
    if number is None:
        raise NotFound("number", e164)
    return number


async def remove(conn: AsyncConnection, e164: str) -> None:
    """Forget a number. Raises NotFound when it is not registered."""
    gone = delete(numbers).where(numbers.c.number == e164).returning(numbers.c.id)
    if (await conn.execute(gone)).first() is None:
        raise NotFound("number", e164)


async def countries(conn: AsyncConnection) -> frozenset[str]:
    """The ISO codes of the countries where enabled numbers are registered."""
    query = select(numbers.c.country).where(numbers.c.enabled).distinct()
    return frozenset(code for code in (await conn.execute(query)).scalars() if code)


def _number(row: Mapping[str, Any] | RowMapping) -> Number:
    return from_row(Number, row)
