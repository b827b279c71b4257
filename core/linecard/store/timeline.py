"""What happened in a call, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from linecard.store.rows import from_row
from linecard.store.tables import timeline

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


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
    await conn.execute(
        insert(timeline).values(call_id=call_id, name=name, facts=dict(facts), at=at)
    )


async def of_call(conn: AsyncConnection, call_id: str) -> list[Line]:
    """The lines of a call in the order they were written."""
    query = select(timeline).where(timeline.c.call_id == call_id).order_by(timeline.c.id)
    return [from_row(Line, row) for row in (await conn.execute(query)).mappings()]
