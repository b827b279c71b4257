"""Calls that are not over, by the little that those who look after all of them need to know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from linecard.calls import ENDS, CallStatus
from linecard.store.rows import from_row
from linecard.store.tables import calls

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.calls import Call
    from linecard.store.engine import Database

AT_ONCE = 100
"""Rows read in one go. Whoever reads a thousand whole calls holds up the audio of all for 70 ms."""
UNPLACED = (CallStatus.QUEUED, CallStatus.UNKNOWN)
LIVE = tuple(status for status in CallStatus if status not in ENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCallRow:
    """What is kept of a call that is not over, without what it is about."""

    id: str
    provider: str
    account: str
    number: str
    to: str
    status: CallStatus
    created_at: datetime
    answered_at: datetime | None
    ring_seconds: int
    max_seconds: int
    closing: str | None
    closing_at: datetime | None
    carrier_ids: Mapping[str, str]
    owner: str | None = None


_COLUMNS = [calls.c[field.name] for field in fields(LiveCallRow)]
_EVERY = select(*_COLUMNS).where(calls.c.status.in_(LIVE))
ORDER = (calls.c.created_at, calls.c.id)
_ORDERED = _EVERY.order_by(*ORDER).limit(AT_ONCE)


async def every(database: Database) -> AsyncIterator[LiveCallRow]:
    """Every call that is not over, oldest first; others get their turn between the rows."""
    async with database.read() as conn:
        found = await _behind(conn, None)
        while found:
            for row in found:
                yield row
            found = await _behind(conn, found[-1])


async def unplaced(conn: AsyncConnection, call: Call) -> Sequence[LiveCallRow]:
    """Other calls from and to the same numbers of which it is not known whether they were placed."""
    names = ("provider", "account", "number", "to")
    alike = [calls.c[name] == getattr(call, name) for name in names]
    query = select(*_COLUMNS).where(calls.c.status.in_(UNPLACED), calls.c.id != call.id, *alike)
    return [from_row(LiveCallRow, row) for row in (await conn.execute(query)).mappings()]


async def _behind(conn: AsyncConnection, last: LiveCallRow | None) -> Sequence[LiveCallRow]:
    query = _ORDERED
    if last is not None:
        query = query.where(tuple_(*ORDER) > (last.created_at, last.id))
    found = await conn.execute(query)
    return [from_row(LiveCallRow, row) for row in found.mappings()]
