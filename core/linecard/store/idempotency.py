"""Keys by which a caller of the API says: this is the same request again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from linecard.errors import Conflict
from linecard.store.rows import from_row, insert
from linecard.store.tables import idempotency

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """The request that a key stands for, and the call that it made."""

    body_hash: str
    call_id: str


async def find(conn: AsyncConnection, key: str, since: datetime) -> KeptKey | None:
    """What a key stands for, if it was kept since that time."""
    query = select(idempotency).where(idempotency.c.key == key, idempotency.c.at >= since)
    row = (await conn.execute(query)).mappings().first()
    return from_row(KeptKey, row) if row else None


async def keep(conn: AsyncConnection, key: str, body_hash: str, call_id: str, at: datetime) -> None:
    """Keep a key, in place of one that is over 24 hours old.

    Raises Conflict when a request beside this one has just kept it: then `find` has its call.
    """
    row = {"key": key, "body_hash": body_hash, "call_id": call_id, "at": at}
    added = insert(conn, idempotency).values(row)
    added = added.on_conflict_do_update(
        index_elements=[idempotency.c.key], set_=row, where=idempotency.c.at < at - LIFE
    )
    if (await conn.execute(added.returning(idempotency.c.key))).first() is None:
        raise Conflict(f"the Idempotency-Key {key!r} has just been used")
