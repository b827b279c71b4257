"""Delivering notifications: in the order of their call, again until it works or a day has gone by."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NoReturn

from linecard.errors import InvalidField
from linecard.exchange.context import Exchange
from linecard.exchange.outbox import GivenUp, Later
from linecard.outgoing.posting import Answered, post
from linecard.outgoing.signing import shown_secrets, signed_headers
from linecard.outgoing.urls import Target, read_target
from linecard.store import calls, notifications, timeline
from linecard.store.notifications import Notification
from linecard.store.outbox import Job
from linecard.wall import now

RETRY_AFTER = (1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600, 15_444)
"""Seconds between deliveries: from one to six hours, a day in all."""
LONGEST_PAUSE = max(RETRY_AFTER)
DAY = sum(RETRY_AFTER)
GONE = 410
BUSY = frozenset({429, 503})
"""The receiver may say when it wants to be asked again."""
BEHIND_SECONDS = 1.0
"""How soon to look again whether an earlier one, which is on its way, has arrived."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    exchange: Exchange
    job: Job
    notification: Notification
    target: Target


async def deliver(exchange: Exchange, job: Job) -> None:
    """The job of one notification. Raises Later or GivenUp where it could not be delivered."""
    async with exchange.database.read() as conn:
        notification = await notifications.get(conn, str(job.payload["id"]))
        earlier = await notifications.before(conn, notification) if notification else None
    if notification is None or notification.state != "waiting":
        return
    if earlier is not None:
        soon = exchange.later(BEHIND_SECONDS)
        raise Later(
            max(earlier.next_at or soon, soon), "an earlier one of its call is not told yet"
        )
    try:
        target = read_target(notification.url, "notify", loopback=exchange.settings.on_loopback)
    except InvalidField as error:
        await _give_up(exchange, notification, str(error))
    await _deliver(_Delivery(exchange, job, notification, target))


async def _deliver(delivery: _Delivery) -> None:
    await _leave_alone(delivery)
    try:
        answered = await post(delivery.target, *_signed(delivery))
    except OSError as error:
        await _failed(delivery, str(error))
    if answered.status == GONE:
        await _gone(delivery)
    if not 200 <= answered.status < 300:
        await _failed(delivery, f"answered {answered.status}", answered)
    await _delivered(delivery, answered)


def _signed(delivery: _Delivery) -> tuple[bytes, dict[str, str]]:
    """The body, and headers whose time is that of this delivery."""
    settings, notification = delivery.exchange.settings, delivery.notification
    content = notification.body.encode()
    secrets = shown_secrets(settings.notify_secret, settings.secret)
    headers = signed_headers(secrets, notification.id, int(time.time()), content)
    return content, {"content-type": "application/json", **headers}


async def _leave_alone(delivery: _Delivery) -> None:
    """A host that fails all the time is spared, and nothing is lost by it but what has waited for a day."""
    exchange, host = delivery.exchange, delivery.target.authority
    seconds = exchange.breakers.left_alone(host, exchange.clock.now())
    if not seconds:
        return
    reason = f"{host} has failed many times in a row"
    if _age(delivery) >= DAY:
        await _give_up(exchange, delivery.notification, reason)
    raise Later(exchange.later(seconds), reason, holds=True)


def _age(delivery: _Delivery) -> float:
    """Since when it is to be delivered, in seconds of the calls' clock."""
    since = delivery.job.created_at or now()
    return (now() - since).total_seconds() * delivery.exchange.clock.speed


async def _delivered(delivery: _Delivery, answered: Answered) -> None:
    exchange, notification = delivery.exchange, delivery.notification
    exchange.breakers.answered(delivery.target.authority)
    exchange.metrics.notifications.labels("delivered").inc()
    async with exchange.database.write() as conn:
        await notifications.update(
            conn,
            notification.id,
            state="delivered",
            body="",
            attempts=notification.attempts + 1,
            status=answered.status,
            error=None,
            next_at=None,
        )


async def _failed(delivery: _Delivery, error: str, answered: Answered | None = None) -> NoReturn:
    """To be tried again when its turn has come, or when the receiver wants; not after a day."""
    exchange, tries = delivery.exchange, delivery.job.attempts
    exchange.breakers.failed(delivery.target.authority, exchange.clock.now())
    exchange.metrics.notifications.labels("failed").inc()
    status = answered.status if answered else None
    pause = _pause(tries, DAY - _age(delivery), answered)
    if pause is None:
        await _give_up(exchange, delivery.notification, error, status, tried=True)
    due = exchange.later(pause)
    async with exchange.database.write() as conn:
        await notifications.update(
            conn,
            delivery.notification.id,
            attempts=delivery.notification.attempts + 1,
            status=status,
            error=error,
            next_at=due,
        )
    raise Later(due, error, counts=True)


def _pause(tries: int, left: float, answered: Answered | None) -> float | None:
    """How long to wait; None once the day is over, of which so many seconds are `left`."""
    if tries >= len(RETRY_AFTER) or left <= 0:
        return None
    wanted = answered.retry_after if answered and answered.status in BUSY else None
    usual = max(min(RETRY_AFTER[tries], left), RETRY_AFTER[0])
    return max(usual, min(wanted or 0.0, LONGEST_PAUSE))


async def _gone(delivery: _Delivery) -> NoReturn:
    """The receiver wants to hear no more of this call."""
    exchange, notification = delivery.exchange, delivery.notification
    exchange.breakers.answered(delivery.target.authority)
    error = f"answered {GONE}: told no more of this call"
    async with exchange.database.write() as conn:
        call = await calls.get(conn, notification.call)
        if call is not None and call.notify == notification.url:
            await calls.update(conn, call.id, notify=None)
            await timeline.append(conn, call.id, "notifications-ended", {"reason": error}, now())
        await notifications.give_up(conn, notification.call, notification.url, error)
    await _give_up(exchange, notification, error, GONE, tried=True)


async def _give_up(
    exchange: Exchange,
    notification: Notification,
    error: str,
    status: int | None = None,
    *,
    tried: bool = False,
) -> NoReturn:
    """It stays to be looked at, and may be asked for again."""
    exchange.metrics.notifications.labels("dead").inc()
    async with exchange.database.write() as conn:
        await notifications.update(
            conn,
            notification.id,
            state="dead",
            attempts=notification.attempts + tried,
            status=status or notification.status,
            error=error,
            next_at=None,
        )
    raise GivenUp(error)


async def given_up(exchange: Exchange, job: Job) -> None:
    """Also one that failed by a fault of ours lets the next of its call go on."""
    async with exchange.database.write() as conn:
        notification = await notifications.get(conn, str(job.payload["id"]))
        if notification is not None and notification.state == "waiting":
            await notifications.update(conn, notification.id, state="dead", error="a fault of ours")
