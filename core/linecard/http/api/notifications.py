"""`/api/notifications`: what was told, what waits, and what could not be told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from linecard.errors import Conflict, NotFound
from linecard.exchange.context import Exchange
from linecard.exchange.notifying import writing
from linecard.http.api.description import problems
from linecard.http.api.models import NotificationList, NotificationOut
from linecard.store import notifications
from linecard.store.notifications import Notification, NotificationState
from linecard.tokens import new_id

Limit = Annotated[int, Query(ge=1, le=200)]


def notifications_router(exchange: Exchange) -> APIRouter:
    """The routes of `/api/notifications`."""
    router = APIRouter(prefix="/notifications", tags=["notifications"])

    @router.get("", responses=problems(422))
    async def page(
        limit: Limit = 50,
        cursor: str | None = None,
        state: NotificationState | None = None,
        call: str | None = None,
    ) -> NotificationList:
        async with exchange.database.read() as conn:
            asked = None if call is None else call.replace("\0", "")
            found = await notifications.page(conn, limit, cursor, state, asked)
        return NotificationList(items=[_shown(one) for one in found.items], next=found.next)

    @router.post("/{notification_id}/retry", status_code=202, responses=problems(404, 409))
    async def retry(notification_id: str) -> NotificationOut:
        return _shown(await _retry(exchange, notification_id))

    return router


async def _retry(exchange: Exchange, notification_id: str) -> Notification:
    """Deliver a dead one again: for another day, with the same id and the same bytes."""
    async with exchange.database.write() as conn:
        found = await notifications.get(conn, notification_id.replace("\0", ""))
        if found is None:
            raise NotFound("notification", notification_id)
        if found.state != "dead":
            raise Conflict(f"notification {found.id} is {found.state}; only a dead one is retried")
        revived = await notifications.update(conn, found.id, state="waiting", next_at=None)
        await writing.put(exchange, conn, revived, again=new_id())
    exchange.work_is_due.set()
    return revived


def _shown(notification: Notification) -> NotificationOut:
    return NotificationOut(
        id=notification.id,
        call=notification.call,
        type=notification.type,
        at=notification.created_at,
        sequence=notification.sequence,
        url=notification.url,
        state=notification.state,
        attempts=notification.attempts,
        status=notification.status,
        error=notification.error,
        next_at=notification.next_at,
    )
