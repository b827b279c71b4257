"""Notifications: what somebody outside is to be told of a call, each once, in the call's own order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select
from sqlalchemy import update as update_rows

from linecard.errors import NotFound
from linecard.store.page import Page, fetch_page
from linecard.store.rows import check_changes, from_row, insert, to_row
from linecard.store.tables import notifications

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

NotificationState = Literal["waiting", "delivered", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One notification, the `sequence`th of its call; `key` is the fact that it tells.

    `attempts`, `status` (HTTP) and `error` are of its deliveries; `next_at` is when a failed one is
    tried again. The `body` is gone once it is delivered.
    """

    id: str
    call: str
    key: str
    sequence: int
    type: str
    url: str
    body: str
    created_at: datetime
    state: NotificationState = "waiting"
    attempts: int = 0
    status: int | None = None
    error: str | None = None
    next_at: datetime | None = None


async def is_told(conn: AsyncConnection, call_id: str, key: str) -> bool:
    """Whether a fact of a call has its notification."""
    return (
        await _one(conn, (notifications.c.call == call_id) & (notifications.c.key == key))
        is not None
    )


async def next_sequence(conn: AsyncConnection, call_id: str) -> int:
    """The place of the next notification of a call, from 1; the call must be locked."""
    last = select(func.max(notifications.c.sequence)).where(notifications.c.call == call_id)
    return ((await conn.execute(last)).scalar() or 0) + 1


async def add(conn: AsyncConnection, notification: Notification) -> None:
    """Write a new one."""
    await conn.execute(insert(conn, notifications).values(to_row(notification)))


async def get(conn: AsyncConnection, id: str) -> Notification | None:
    """A notification by its id."""
    return await _one(conn, notifications.c.id == id)


async def before(conn: AsyncConnection, notification: Notification) -> Notification | None:
    """The first one of the same call and address that has to be told before it, if there is any."""
    earlier = (
        (notifications.c.call == notification.call)
        & (notifications.c.url == notification.url)
        & (notifications.c.sequence < notification.sequence)
        & (notifications.c.state == "waiting")
    )
    return await _one(conn, earlier)


async def update(conn: AsyncConnection, id: str, **changes: Any) -> Notification:
    """Change some fields. Raises NotFound."""
    fixed = ("id", "call", "key", "sequence", "type", "url", "created_at")
    check_changes(Notification, changes, fixed=fixed)
    await conn.execute(update_rows(notifications).where(notifications.c.id == id).values(changes))
    changed = await get(conn, id)
    if changed is None:
        raise NotFound("notification", id)
    return changed


async def give_up(conn: AsyncConnection, call_id: str, url: str, error: str) -> None:
    """Whatever waits of a call for an address is told no more."""
    waiting = (
        (notifications.c.call == call_id)
        & (notifications.c.url == url)
        & (notifications.c.state == "waiting")
    )
    dead = {"state": "dead", "error": error, "next_at": None}
    await conn.execute(update_rows(notifications).where(waiting).values(dead))


async def counted(conn: AsyncConnection, call_id: str) -> dict[NotificationState, int]:
    """How many notifications of a call stand in each state."""
    state = notifications.c.state
    query = select(state, func.count()).where(notifications.c.call == call_id).group_by(state)
    return {row[0]: row[1] for row in await conn.execute(query.order_by(state))}


async def page(
    conn: AsyncConnection,
    limit: int,
    cursor: str | None,
    state: NotificationState | None = None,
    call_id: str | None = None,
) -> Page[Notification]:
    """Notifications, the newest first."""
    query = select(notifications)
    if state is not None:
        query = query.where(notifications.c.state == state)
    if call_id is not None:
        query = query.where(notifications.c.call == call_id)
    return await fetch_page(
        conn, notifications, query, _notification, limit=limit, cursor=cursor, newest_first=True
    )


async def _one(conn: AsyncConnection, condition: ColumnElement[bool]) -> Notification | None:
    query = select(notifications).where(condition).order_by(notifications.c.sequence).limit(1)
    row = (await conn.execute(query)).mappings().first()
    return _notification(row) if row else None


def _notification(row: RowMapping) -> Notification:
    return from_row(Notification, row)
