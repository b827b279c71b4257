"""Pages of a list: opaque cursors over a stable order."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from sqlalchemy import Select, Table, tuple_

from linecard.errors import InvalidField

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list; `next` is the cursor of the following page, None on the last one."""

    items: tuple[T, ...]
    next: str | None


async def fetch_page(
    conn: AsyncConnection,
    table: Table,
    query: Select[Any],
    make: Callable[[RowMapping], T],
    *,
    limit: int,
    cursor: str | None,
    newest_first: bool = False,
) -> Page[T]:
    """One page of a query in the order of (created_at, id). Raises InvalidField for a bad cursor."""
    place = (table.c.created_at, table.c.id)
    if cursor is not None:
        passed, start = tuple_(*place), tuple_(*_read(cursor))
        query = query.where(passed < start if newest_first else passed > start)
    order = [column.desc() for column in place] if newest_first else place
    found = (await conn.execute(query.order_by(*order).limit(limit + 1))).mappings().all()
    shown = found[:limit]
    following = _write(shown[-1]) if len(found) > limit else None
    return Page(tuple(make(row) for row in shown), following)


def _write(row: RowMapping) -> str:
    place = msgspec.json.encode((row["created_at"], row["id"]))
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at, id_ = msgspec.json.decode(text, type=tuple[datetime, str])
    except (binascii.Error, ValueError) as error:
        raise InvalidField("cursor", "is not a cursor that a list has given out") from error
    if at.tzinfo is None:
        raise InvalidField("cursor", "is not a cursor that a list has given out")
    return at, id_
