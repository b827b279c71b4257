"""Numbers that are called no more: what becomes of their leads, in the transaction that blocks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select, update

from linecard import now
from linecard.store.rows import locking
from linecard_campaigns.standing import DIALLED, OPTED_OUT, WAITING
from linecard_campaigns.tables import leads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

BLOCKED = "the number is on the blocklist"
AT_ONCE = 400


async def number_blocked(conn: AsyncConnection, number: str) -> None:
    """End the leads that wait; those that are being called are called no more once that is over.

    `number` may be a prefix with a `*`.
    """
    prefix = number.removesuffix("*")
    theirs = leads.c.to.startswith(prefix) if prefix != number else leads.c.to == number
    found = await held(conn, theirs)
    waiting = [lead for lead, status in found if status in WAITING]
    at = now()
    ended = {"status": "canceled", "parked": False, "due_at": None, "ended_at": at}
    await changed_of(conn, waiting, **ended, outcome=OPTED_OUT, reason=BLOCKED, updated_at=at)
    dialled = [lead for lead, status in found if status in DIALLED]
    await changed_of(conn, dialled, outcome=OPTED_OUT, reason=BLOCKED)


async def held(conn: AsyncConnection, which: ColumnElement[bool]) -> list[tuple[str, str]]:
    """The ids of leads that have not ended, with their statuses, which stay so until the transaction ends.

    They are held in one order, as everywhere: who holds several in another may wait for us for ever.
    """
    query: Any = select(leads.c.id, leads.c.status)
    query = query.where(which, leads.c.status.in_((*WAITING, *DIALLED))).order_by(leads.c.id)
    rows = (await conn.execute(locking(conn, query))).mappings()
    return [(row["id"], row["status"]) for row in rows]


async def changed_of(conn: AsyncConnection, ids: Sequence[str], **values: Any) -> None:
    """Change leads, however many they are."""
    for start in range(0, len(ids), AT_ONCE):
        some = leads.c.id.in_(ids[start : start + AT_ONCE])
        await conn.execute(update(leads).where(some).values(**values))
