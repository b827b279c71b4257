"""Claims of stream tokens: one live stream per token."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from linecard.store.rows import insert
from linecard.store.tables import claims

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

AGAIN_SECONDS = 30
"""How long after its stream has died a token may be claimed again: carriers retry."""


async def claim(
    conn: AsyncConnection, token: str, call_id: str, stream: str, now: datetime
) -> bool:
    """Claim a token for a stream, in one conditional write.

    False while another stream holds it, and when the last one has been dead for over 30 seconds.
    """
    row = {"token": token, "call_id": call_id, "stream": stream, "claimed_at": now}
    added = insert(conn, claims).values(row)
    added = added.on_conflict_do_update(
        index_elements=[claims.c.token],
        set_={"stream": stream, "claimed_at": now, "released_at": None},
        where=(claims.c.released_at >= now - timedelta(seconds=AGAIN_SECONDS))
        & (claims.c.call_id == call_id),
    )
    return (await conn.execute(added.returning(claims.c.token))).first() is not None


async def release(conn: AsyncConnection, token: str, now: datetime) -> None:
    """The stream that held a token has died; safe to repeat."""
    held = (claims.c.token == token) & claims.c.released_at.is_(None)
    await conn.execute(update(claims).where(held).values(released_at=now))


async def is_taken(conn: AsyncConnection, token: str) -> bool:
    """Whether a live stream holds the token."""
    held = (claims.c.token == token) & claims.c.released_at.is_(None)
    return (await conn.execute(select(claims.c.token).where(held))).first() is not None
