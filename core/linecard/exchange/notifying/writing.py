"""Notifications into the outbox, in the transaction that makes true what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zlib import crc32

from linecard.calls import Call
from linecard.events import CarrierEvent, TransferResult
from linecard.exchange import outbox
from linecard.exchange.notifying import facts as told_facts
from linecard.exchange.notifying.facts import RINGING, TOLD, Change, Told
from linecard.exchange.notifying.payload import body
from linecard.store import notifications
from linecard.store.notifications import Notification
from linecard.store.transfers import Transfer
from linecard.tokens import new_id
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.exchange.context import Exchange

__all__ = [
    "NOTIFY",
    "RINGING",
    "event_applied",
    "put",
    "stream_ended",
    "tell",
    "transfer_asked",
    "transfer_refused",
]

NOTIFY = "notify"
LANES = 4
"""A host's queue: so many of its calls are told of at a time, and each call's in its order."""
SHOWN_OF_A_STREAM = ("reason", "underruns", "gaps")


async def event_applied(
    exchange: Exchange, conn: AsyncConnection, before: Call, after: Call, event: CarrierEvent
) -> None:
    """Tell of an event that has just been applied to a call."""
    make = TOLD.get(type(event))
    if not after.notify or make is None:
        return
    for told in await make(conn, Change(before, after), event):
        await tell(exchange, conn, after, told)


async def tell(exchange: Exchange, conn: AsyncConnection, call: Call, told: Told) -> None:
    """Write one notification, where the call has an address for it and it was not told before.

    `call` must have been read in this transaction, before rows of its own: then it is locked. Wake the outbox once it is done.
    """
    if not call.notify or (told.key and await notifications.is_told(conn, call.id, told.key)):
        return
    own_id, at = new_id(), now()
    sequence = await notifications.next_sequence(conn, call.id)
    notification = Notification(
        id=own_id,
        call=call.id,
        key=told.key or own_id,
        sequence=sequence,
        type=told.type,
        url=call.notify,
        body=await body(conn, call, told, own_id, sequence, at),
        created_at=at,
    )
    await notifications.add(conn, notification)
    await put(exchange, conn, notification)


async def put(
    exchange: Exchange, conn: AsyncConnection, notification: Notification, again: str = ""
) -> None:
    """Put the delivery of a notification into its host's queue; `again` sets a further one apart."""
    lane = crc32(notification.call.encode()) % LANES
    await outbox.put(
        exchange,
        conn,
        NOTIFY,
        f"{notification.id}{again and f':{again}'}",
        queue=f"{NOTIFY}:{urlsplit(notification.url).netloc.lower()}:{lane}",
        call_id=notification.call,
        payload={"id": notification.id},
    )


async def stream_ended(
    exchange: Exchange, conn: AsyncConnection, call: Call | None, figures: Mapping[str, object]
) -> None:
    """Tell that a stream is gone, and how it fared."""
    shown = {name: figures.get(name) for name in SHOWN_OF_A_STREAM}
    await _tell_if_known(exchange, conn, call, Told("stream.ended", shown))


async def transfer_asked(
    exchange: Exchange, conn: AsyncConnection, call: Call, transfer: Transfer
) -> None:
    """Tell that somebody is rung for the caller."""
    await tell(exchange, conn, call, told_facts.transfer_asked(transfer))


async def transfer_refused(
    exchange: Exchange, conn: AsyncConnection, call: Call | None, transfer: Transfer, reason: str
) -> None:
    """Tell that a transfer came to nothing before anybody was rung."""
    told = told_facts.transfer_ended(transfer, TransferResult.FAILED, reason)
    await _tell_if_known(exchange, conn, call, told)


async def _tell_if_known(
    exchange: Exchange, conn: AsyncConnection, call: Call | None, told: Told
) -> None:
    if call is not None:
        await tell(exchange, conn, call, told)
