"""What is told of each event: the type and its facts, fixed words that receivers may rely on.

No digits that somebody pressed, no secret, and no address of a carrier's is among them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from linecard.calls import Call, CallStatus
from linecard.events import (
    CALLER,
    AnswerRequested,
    CallAnswered,
    CallRated,
    CallRinging,
    CarrierEvent,
    LegAnswered,
    LegEnded,
    MachineDetected,
    RecordingFailed,
    RecordingReady,
    TransferReported,
    TransferResult,
)
from linecard.store import recordings, transfers
from linecard.store.transfers import Transfer
from linecard.transfers import read_reference

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell. `key`: it is told once in a call; empty: as often as it happens."""

    type: str
    facts: Mapping[str, object] = field(default_factory=dict)
    key: str = ""


NOTHING: tuple[Told, ...] = ()
RINGING = Told("call.ringing", key="ringing")
ANSWERED = Told("call.answered", key="answered")


@dataclass(frozen=True, slots=True)
class Change:
    """A call before and after an event was applied to it."""

    before: Call
    after: Call


async def _ringing(
    _conn: AsyncConnection, change: Change, _event: CarrierEvent
) -> tuple[Told, ...]:
    """A report that comes after the answer changes nothing, and nobody is told of it."""
    rings = change.after.status is CallStatus.RINGING
    return (RINGING,) if rings and change.before.status is not CallStatus.RINGING else NOTHING


async def _answered(
    _conn: AsyncConnection, change: Change, event: CarrierEvent
) -> tuple[Told, ...]:
    if change.before.answered_at is not None or change.after.answered_at is None:
        return NOTHING
    return (ANSWERED, *_machine_told(change))


async def _machine(
    _conn: AsyncConnection, change: Change, _event: CarrierEvent
) -> tuple[Told, ...]:
    return _machine_told(change)


def _machine_told(change: Change) -> tuple[Told, ...]:
    """Who answered, once for each result that stands; a report that another one outranks is none."""
    found = change.after.detection
    if found is None or found == change.before.detection:
        return NOTHING
    facts = {"result": str(found.kind), "word": found.word or None}
    return (Told("call.machine", facts, f"machine:{found.kind}:{found.word}"),)


async def _leg_ended(
    _conn: AsyncConnection, change: Change, event: CarrierEvent
) -> tuple[Told, ...]:
    """The call's end is told once; a price that comes after it is news of its own."""
    assert isinstance(event, LegEnded)
    if event.leg == CALLER and not change.before.is_over:
        facts = {"reason": change.after.end_reason, "code": event.code or None}
        return (Told("call.ended", facts, "ended"),)
    is_priced = event.leg != CALLER or change.before.cost is None
    if not change.before.is_over or event.cost is None or not is_priced:
        return NOTHING
    return (_price(event.leg, event.cost),)


async def _rated(_conn: AsyncConnection, _change: Change, event: CarrierEvent) -> tuple[Told, ...]:
    assert isinstance(event, CallRated)
    return (_price(event.leg, event.cost, event.price, event.currency),)


def _price(leg: str, cost: str | None, price: str = "", currency: str = "") -> Told:
    facts = {"leg": leg, "cost": cost, "price": price or None, "currency": currency or None}
    return Told("call.rated", facts)


async def _recording_ready(
    conn: AsyncConnection, change: Change, event: CarrierEvent
) -> tuple[Told, ...]:
    """Where the file lies here: the carrier's own address of it may open it to anybody."""
    assert isinstance(event, RecordingReady)
    kept = await recordings.of_call(conn, change.after.id)
    one = next(known for known in kept if known.recording == event.recording)
    file = f"/api/calls/{change.after.id}/recordings/{one.n}"
    facts = {"n": one.n, "duration_ms": one.duration_ms, "file": file}
    return (Told("recording.ready", facts, f"recording:{one.n}"),)


async def _recording_failed(
    _conn: AsyncConnection, _change: Change, event: CarrierEvent
) -> tuple[Told, ...]:
    assert isinstance(event, RecordingFailed)
    return (Told("recording.failed", {"reason": event.reason}),)


async def _bridged(conn: AsyncConnection, change: Change, event: CarrierEvent) -> tuple[Told, ...]:
    assert isinstance(event, LegAnswered)
    named, _ = read_reference(event.transfer)
    transfer = await transfers.get(conn, named) if event.bridged else None
    if transfer is None or transfer.call != change.after.id:
        return NOTHING
    return (transfer_ended(transfer, TransferResult.BRIDGED),)


async def _transfer_reported(
    conn: AsyncConnection, change: Change, event: CarrierEvent
) -> tuple[Told, ...]:
    """A report at an address that names no transfer means the last one."""
    assert isinstance(event, TransferReported)
    named, _ = read_reference(event.transfer)
    known = await transfers.of_call(conn, change.after.id)
    meant = [one for one in known if named in ("", one.id)]
    return (transfer_ended(meant[-1], meant[-1].result or event.result),) if meant else NOTHING


def transfer_asked(transfer: Transfer) -> Told:
    """A transfer begins; `targets` is how many are rung."""
    return Told("transfer.asked", _of_transfer(transfer))


def transfer_ended(transfer: Transfer, result: TransferResult, reason: str | None = None) -> Told:
    """It has its result; another one is told where a late report knows better."""
    facts = {**_of_transfer(transfer), "result": str(result), "reason": reason}
    return Told("transfer.ended", facts, f"transfer:{transfer.id}:{result}")


def _of_transfer(transfer: Transfer) -> dict[str, object]:
    return {"transfer": transfer.id, "mode": transfer.mode, "targets": len(transfer.targets)}


Tell = Callable[["AsyncConnection", Change, CarrierEvent], Awaitable[tuple[Told, ...]]]
TOLD: Mapping[type[CarrierEvent], Tell] = MappingProxyType(
    {
        CallRinging: _ringing,
        AnswerRequested: _answered,
        CallAnswered: _answered,
        MachineDetected: _machine,
        LegEnded: _leg_ended,
        CallRated: _rated,
        RecordingReady: _recording_ready,
        RecordingFailed: _recording_failed,
        LegAnswered: _bridged,
        TransferReported: _transfer_reported,
    }
)
"""Every other event is told to nobody outside."""
