"""What happened in a call, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select

from linecard.store.prepared import Prepared
from linecard.store.rows import from_row
from linecard.store.tables import timeline

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_APPENDING = insert(timeline).inline()
_APPENDED = Prepared(lambda _conn: _APPENDING)
_OF_CALL = select(timeline).where(timeline.c.call_id == bindparam("its_id")).order_by(timeline.c.id)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: datetime
    name: str
    facts: Mapping[str, object]


async def append(
    conn: AsyncConnection, call_id: str, name: str, facts: Mapping[str, object], at: datetime
) -> None:
    """Write a line at the end of a call's record."""
    row = {"call_id": call_id, "name": name, "facts": dict(facts), "at": at}
    await _APPENDED.run(conn, row)


async def of_call(conn: AsyncConnection, call_id: str) -> list[Line]:
    """The lines of a call in the order they were written."""
    found = await conn.execute(_OF_CALL, {"its_id": call_id})
    return [from_row(Line, row) for row in found.mappings()]
