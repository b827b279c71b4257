"""Carrier events as they came, each once: repeats are known by their key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from linecard.store.rows import from_row, insert
from linecard.store.tables import inbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event as it was kept; `call_id` is None while no call of ours is known for it."""

    provider: str
    account: str
    key: str
    call_id: str | None
    payload: Mapping[str, object]
    at: datetime


async def put(
    conn: AsyncConnection,
    provider: str,
    account: str,
    key: str,
    call_id: str | None,
    payload: Mapping[str, object],
    at: datetime,
) -> bool:
    """Keep an event; False when it is there already.

    An event kept before its call was known is news once the call is: it is given to the call.
    """
    row = {
        "provider": provider,
        "account": account,
        "key": key,
        "call_id": call_id,
        "payload": dict(payload),
        "at": at,
    }
    added = insert(conn, inbox).values(row)
    added = added.on_conflict_do_update(
        index_elements=[inbox.c.provider, inbox.c.account, inbox.c.key],
        set_={"call_id": added.excluded.call_id},
        where=inbox.c.call_id.is_(None) & added.excluded.call_id.is_not(None),
    )
    return (await conn.execute(added.returning(inbox.c.key))).first() is not None


async def unmatched(conn: AsyncConnection) -> list[Entry]:
    """The events of no known call, oldest first."""
    query = select(inbox).where(inbox.c.call_id.is_(None)).order_by(inbox.c.at, inbox.c.key)
    return [from_row(Entry, row) for row in (await conn.execute(query)).mappings()]
