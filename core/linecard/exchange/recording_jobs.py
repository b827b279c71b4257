"""Work that a recording makes necessary, written with the event that tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING
from zlib import crc32

from linecard.calls import Call, CallStatus
from linecard.events import (
    CALLER,
    AnswerRequested,
    CallAnswered,
    CarrierEvent,
    LegAnswered,
    LegEnded,
    RecordingReady,
    RecordingStarted,
)
from linecard.exchange import outbox
from linecard.exchange.context import Exchange
from linecard.store import recordings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

FETCH = "fetch-recording"
DELETE = "delete-recording"
POLL = "poll-recording"
STOP = "stop-recording"
POLL_AFTER = 90.0
"""Seconds after a call's end when the carrier is first asked for a file that it has not told of."""
LANES = 8
"""So many files at most are fetched beside each other by one process."""

Put = Callable[[Exchange, "AsyncConnection", Call, CarrierEvent], Awaitable[None]]


async def event_applied(
    exchange: Exchange, conn: AsyncConnection, call: Call, event: CarrierEvent
) -> None:
    """Write the jobs that an event makes necessary; `call` is as the event has left it."""
    for put in PUTS.get(type(event), ()):
        await put(exchange, conn, call, event)


async def wake(exchange: Exchange, _call: Call, _event: CarrierEvent) -> None:
    """A file need not wait until the outbox is read again."""
    exchange.work_is_due.set()


def lane(name: str) -> str:
    """The queue of one recording's work, which several share."""
    return f"recordings:{crc32(name.encode()) % LANES}"


async def _fetch(
    exchange: Exchange, conn: AsyncConnection, call: Call, event: CarrierEvent
) -> None:
    assert isinstance(event, RecordingReady)
    key = f"{call.id}/{event.recording}"
    payload = {"recording": event.recording}
    if exchange.storage is None:
        return
    await outbox.put(exchange, conn, FETCH, key, queue=lane(key), call_id=call.id, payload=payload)


async def _poll(exchange: Exchange, conn: AsyncConnection, call: Call, event: CarrierEvent) -> None:
    """After the end of a call that was answered and recorded, or may have been, whichever is told first.

    Where the carrier's own flow has the call, nobody may have told of its answer; how it ended does.
    """
    was_answered = call.answered_at is not None or call.status is CallStatus.COMPLETED
    if event.leg != CALLER or not call.is_over or not was_answered:
        return
    if (call.record and call.may_be_recorded) or await recordings.of_call(conn, call.id):
        await outbox.put(exchange, conn, POLL, call.id, after=POLL_AFTER, call_id=call.id)


async def _stop(exchange: Exchange, conn: AsyncConnection, call: Call, event: CarrierEvent) -> None:
    """A human has the caller: what still records is stopped, unless it is to go on."""
    assert isinstance(event, LegAnswered)
    if not event.bridged or call.record_after_transfer:
        return
    if not exchange.relay(call).supports("stop_recording", call.profile):
        return
    if call.record or await recordings.of_call(conn, call.id):
        await outbox.put(exchange, conn, STOP, f"{call.id}/{event.key}", call_id=call.id)


PUTS: Mapping[type[CarrierEvent], tuple[Put, ...]] = MappingProxyType(
    {
        RecordingReady: (_fetch,),
        LegEnded: (_poll,),
        AnswerRequested: (_poll,),
        CallAnswered: (_poll,),
        RecordingStarted: (_poll,),
        LegAnswered: (_stop,),
    }
)
