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
    RecordingFailed,
    RecordingReady,
    RecordingStarted,
    TransferReported,
    TransferResult,
)
from linecard.store import recordings, transfers
from linecard.store.transfers import Transfer

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
        await recordings.failed(conn, call.id, event.recording, event.reason)


async def _leg_answered(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> None:
    assert isinstance(event, LegAnswered)
    transfer = await transfers.get(conn, event.transfer)
    if transfer and transfer.call == call.id and transfer.state != "ended" and event.bridged:
        await transfers.update(conn, transfer.id, state="bridged", result=TransferResult.BRIDGED)


async def _reported_transfer(
    conn: AsyncConnection, call: Call, event: TransferReported
) -> Transfer | None:
    """The transfer of a report; one at an address of the number can only mean the one under way."""
    if event.transfer:
        return await transfers.get(conn, event.transfer)
    known = await transfers.of_call(conn, call.id)
    return next((one for one in reversed(known) if one.state in ("waiting", "dialing")), None)


async def _transfer_reported(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> bool:
    """While another target still rings, the end of one says nothing of the transfer."""
    assert isinstance(event, TransferReported)
    transfer = await _reported_transfer(conn, call, event)
    if transfer is None or transfer.call != call.id:
        return True
    others = {leg: known for leg, known in transfer.legs.items() if leg != event.leg}
    if transfer.state == "consulting" and others:
        await transfers.update(conn, transfer.id, legs=others)
        return False
    result = transfer.result or event.result
    await transfers.update(conn, transfer.id, state="ended", result=result)
    return True


SETTLES: Mapping[type[CarrierEvent], Settle] = MappingProxyType(
    {
        RecordingStarted: _recording_started,
        RecordingReady: _recording_ready,
        RecordingFailed: _recording_failed,
        LegAnswered: _leg_answered,
        TransferReported: _transfer_reported,
    }
)


async def settle_rows(conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime) -> bool:
    """Apply an event to the rows beside the call's own, if it has any; whether anybody need be told."""
    settle = SETTLES.get(type(event))
    return settle is None or await settle(conn, call, event, at) is not False
