"""Events that change rows beside the call's own: recordings and transfers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import (
    CarrierEvent,
    DigitsGathered,
    LegAnswered,
    LegEnded,
    RecordingFailed,
    RecordingReady,
    RecordingStarted,
    TransferReported,
)
from linecard.exchange import transferring
from linecard.store import recordings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Settle = Callable[["AsyncConnection", Call, CarrierEvent, datetime], Awaitable[bool | None]]
"""False: what was reported is kept, and nobody need be told."""


async def _recording_started(
    conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime
) -> None:
    assert isinstance(event, RecordingStarted)
    await recordings.started(conn, call.id, event.recording, at, channels=event.channels)


async def _recording_ready(
    conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime
) -> None:
    assert isinstance(event, RecordingReady)
    facts = (event.recording, event.url, event.duration_ms)
    await recordings.ready(conn, call.id, *facts, at, event.channels)


async def _recording_failed(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> None:
    assert isinstance(event, RecordingFailed)
    if event.recording:
        await recordings.failed(conn, call.id, event.recording, event.reason, absent=event.absent)


SETTLES: Mapping[type[CarrierEvent], Settle] = MappingProxyType(
    {
        RecordingStarted: _recording_started,
        RecordingReady: _recording_ready,
        RecordingFailed: _recording_failed,
        LegAnswered: transferring.leg_answered,
        DigitsGathered: transferring.key_pressed,
        TransferReported: transferring.reported,
        LegEnded: transferring.caller_ended,
    }
)


async def settle_rows(conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime) -> bool:
    """Apply an event to the rows beside the call's own, if it has any; whether anybody need be told."""
    settle = SETTLES.get(type(event))
    return settle is None or await settle(conn, call, event, at) is not False
