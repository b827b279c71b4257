"""What carriers report of transfers, as steps of their state: the one place where reports move them.

Reports come in any order, twice, or not at all; each is judged by what the transfer's row says, inside
the transaction that stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import (
    CALLER,
    CarrierEvent,
    DigitsGathered,
    LegAnswered,
    LegEnded,
    TransferReported,
    TransferResult,
)
from linecard.store import timeline, transfers
from linecard.store.transfers import Transfer
from linecard.transfers import Happening, TransferState, read_reference

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

ACCEPTED, REFUSED, SILENT = "accepted", "refused", "silent"
ANSWERS = {SILENT: TransferResult.VOICEMAIL, REFUSED: TransferResult.DECLINED}
"""What a target's answer to the question for the key makes of the transfer."""
TARGET = "target:"


async def certain(
    conn: AsyncConnection, call: Call, events: Sequence[CarrierEvent]
) -> Sequence[CarrierEvent]:
    """What a look-up tells, and of transfers only what it can know.

    The carrier's record of a target's leg names no transfer of ours, and says of a target that answered
    not whether it pressed the key: what can be read in two ways stays open.
    """
    if not any(_is_found(event) for event in events):
        return events
    known = await transfers.of_call(conn, call.id)
    only = known[0] if len(known) == 1 else None
    meant = [_meant(event, only) if _is_found(event) else event for event in events]
    return [event for event in meant if event is not None]


def _is_found(event: CarrierEvent) -> bool:
    return isinstance(event, TransferReported) and not event.transfer


def _meant(event: CarrierEvent, only: Transfer | None) -> CarrierEvent | None:
    """The report as that of the only transfer, which has one target and no result so far."""
    assert isinstance(event, TransferReported)
    if only is None or only.result is not None or only.consults or len(only.targets) != 1:
        return None
    if only.asks and event.result is TransferResult.BRIDGED:
        return None
    return replace(event, transfer=only.id)


async def judged(conn: AsyncConnection, call: Call, event: TransferReported) -> TransferReported:
    """The report with the result that it means: who has once been connected stays so, and a target that
    was asked for a key is known better here than at the carrier."""
    transfer = await _reported(conn, call, event)
    if transfer is None:
        return event
    return replace(event, result=_result(transfer, event))


def _result(transfer: Transfer, event: TransferReported) -> TransferResult:
    if transfer.result is TransferResult.BRIDGED:
        return transfer.result
    answer = ANSWERS.get(transfer.answers.get(str(_place(event)), ""))
    if event.result is not TransferResult.BRIDGED:
        return answer or event.result
    never_connected = transfer.asks and not transfer.consults
    return (answer or TransferResult.DECLINED) if never_connected else event.result


def _place(event: TransferReported) -> int:
    """The target's, or the turn of dialling."""
    if event.leg.startswith(TARGET):
        return int(event.leg.removeprefix(TARGET))
    return read_reference(event.transfer)[1]


async def _of_call(conn: AsyncConnection, call: Call, text: str) -> Transfer | None:
    transfer = await transfers.get(conn, read_reference(text)[0])
    return transfer if transfer is not None and transfer.call == call.id else None


async def _reported(conn: AsyncConnection, call: Call, event: TransferReported) -> Transfer | None:
    """The transfer of a report; one at an address of the number can only mean the one under way."""
    if event.transfer:
        return await _of_call(conn, call, event.transfer)
    known = await transfers.of_call(conn, call.id)
    dialled = (TransferState.WAITING, TransferState.DIALING)
    return next((one for one in reversed(known) if one.state in dialled), None)


async def leg_answered(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> bool:
    """A target has answered, or is connected with the caller."""
    assert isinstance(event, LegAnswered)
    transfer = await _of_call(conn, call, event.transfer)
    if transfer is None or not event.bridged:
        return True
    bridged = TransferResult.BRIDGED
    if await transfers.move(conn, transfer.id, Happening.CONNECTED, result=bridged):
        return True
    if transfer.consults or transfer.state is TransferState.BRIDGED:
        return transfer.state is TransferState.BRIDGED
    # It was told after the end of what it began.
    if transfer.result in (None, TransferResult.FAILED):
        await transfers.update(conn, transfer.id, result=bridged)
    return transfer.result is TransferResult.FAILED


async def key_pressed(conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime) -> None:
    """A target that was asked for the key has pressed it, another one, or none."""
    assert isinstance(event, DigitsGathered)
    transfer = await _of_call(conn, call, event.transfer) if event.transfer else None
    if transfer is None:
        return
    place = str(read_reference(event.transfer)[1])
    if place in transfer.answers:
        return
    answer = ACCEPTED if event.digits == transfer.accept_key else REFUSED
    answer = answer if event.digits else SILENT
    await transfers.update(conn, transfer.id, answers={**transfer.answers, place: answer})
    facts = {"leg": f"{TARGET}{place}", "answer": answer}
    await timeline.append(conn, call.id, "transfer-answer", facts, at)


async def reported(conn: AsyncConnection, call: Call, event: CarrierEvent, at: datetime) -> bool:
    """A target, or the dialling, is over; whether the transfer is."""
    assert isinstance(event, TransferReported)
    transfer = await _reported(conn, call, event)
    if transfer is None:
        return True
    if await _goes_on(conn, transfer, event, at):
        return False
    if await transfers.move(conn, transfer.id, Happening.OVER, result=event.result):
        return True
    return await _late(conn, transfer, event)


async def _goes_on(
    conn: AsyncConnection, transfer: Transfer, event: TransferReported, at: datetime
) -> bool:
    """Whether the report is of one target alone, while another rings, is rung next, or has the caller."""
    if transfer.consults and event.leg != CALLER:
        return await _consultation_goes_on(conn, transfer, event, at)
    if transfer.state is not TransferState.DIALING or event.result is TransferResult.BRIDGED:
        return False
    place = read_reference(event.transfer)[1] or transfer.rung
    if place == transfer.rung and _has_next(transfer):
        await _next(conn, transfer, at, rung=transfer.rung + 1)
        return True
    return place < transfer.rung


async def _consultation_goes_on(
    conn: AsyncConnection, transfer: Transfer, event: TransferReported, at: datetime
) -> bool:
    if event.leg not in transfer.legs:
        return transfer.state is not TransferState.ENDED
    others = {leg: known for leg, known in transfer.legs.items() if leg != event.leg}
    if transfer.state is not TransferState.CONSULTING:
        return False
    await transfers.update(conn, transfer.id, legs=others)
    if not others and _has_next(transfer):
        await _next(conn, transfer, at)
        return True
    return bool(others)


def _has_next(transfer: Transfer) -> bool:
    return transfer.in_order and transfer.rung < len(transfer.targets)


async def _next(conn: AsyncConnection, transfer: Transfer, at: datetime, **changes: int) -> None:
    await transfers.move(conn, transfer.id, Happening.NEXT, **changes)
    facts = {"leg": f"{TARGET}{transfer.rung + 1}"}
    await timeline.append(conn, transfer.call, "transfer-next", facts, at)


async def _late(conn: AsyncConnection, transfer: Transfer, event: TransferReported) -> bool:
    """A report of a transfer that has ended: it may still say how."""
    is_better = (
        event.result is TransferResult.BRIDGED
        and transfer.result is TransferResult.FAILED
        and not transfer.consults
    )
    if transfer.result is not None and not is_better:
        return False
    await transfers.update(conn, transfer.id, result=event.result)
    return True


async def caller_ended(
    conn: AsyncConnection, call: Call, event: CarrierEvent, _at: datetime
) -> None:
    """With the caller every transfer ends; whoever still rings is let go once this is written."""
    assert isinstance(event, LegEnded)
    if event.leg != CALLER:
        return
    for transfer in await transfers.of_call(conn, call.id):
        await transfers.move(conn, transfer.id, Happening.CALLER_GONE)
