"""Events that change rows beside the call's own: recordings and transfers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import (
    CarrierEvent,
    LegAnswered,
    RecordingReady,
    RecordingStarted,
    TransferReported,
    TransferResult,
)
from linecard.store import recordings, transfers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Settle = Callable[["AsyncConnection", Call, CarrierEvent, datetime], Awaitable[None]]


async def _recording_started(
    conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime
) -> None:
    assert isinstance(event, RecordingStarted)
    await recordings.started(conn, call.id, event.recording, at)


async def _recording_ready(
    conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime
) -> None:
    assert isinstance(event, RecordingReady)
    await recordings.ready(conn, call.id, event.recording, event.url, event.duration_ms, at)


async def _leg_answered(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> None:
    assert isinstance(event, LegAnswered)
    transfer = await transfers.get(conn, event.transfer)
    if transfer and transfer.call == call.id and transfer.state != "ended" and event.bridged:
        await transfers.update(conn, transfer.id, state="bridged", result=TransferResult.BRIDGED)


async def _transfer_reported(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> None:
    assert isinstance(event, TransferReported)
    transfer = await transfers.get(conn, event.transfer)
    if transfer and transfer.call == call.id:
        result = transfer.result or event.result
        await transfers.update(conn, transfer.id, state="ended", result=result)


SETTLES: Mapping[type[CarrierEvent], Settle] = MappingProxyType(
    {
        RecordingStarted: _recording_started,
        RecordingReady: _recording_ready,
        LegAnswered: _leg_answered,
        TransferReported: _transfer_reported,
    }
)


async def settle_rows(conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime) -> None:
    """Apply an event to the rows beside the call's own, if it has any."""
    settle = SETTLES.get(type(event))
    if settle is not None:
        await settle(conn, call, event, at)
