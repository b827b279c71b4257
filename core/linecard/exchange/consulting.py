"""Warm transfers with consultation: the target is rung into a room first, and the caller follows.

Until a target is ready, every failure leaves the caller with the agent, untouched. Nobody is left
behind: what came to nothing is released, and so is the target of a caller who has hung up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import TransferStage, TransferStart
from linecard.errors import LinecardError
from linecard.events import CALLER, CarrierEvent, LegAnswered, LegEnded, TransferReported
from linecard.events import TransferResult as Result
from linecard.exchange import inbox, overdue, releasing, rooms
from linecard.exchange.context import Exchange
from linecard.outbound.gate import open_gate
from linecard.store import calls, timeline, transfers
from linecard.store.transfers import Transfer
from linecard.transfers import Happening, TransferState, read_reference, reference
from linecard.wall import now
from linecard.webhook import Kind

if TYPE_CHECKING:
    from linecard.numbers import Cleared

log = structlog.get_logger()


def legs_of(targets: Sequence[str], first: int = 1) -> Mapping[str, str]:
    """The legs of targets, `target:1` and so on, before the carrier has given them ids."""
    return {f"target:{place}": "" for place in range(first, first + len(targets))}


async def begin(
    exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...]
) -> TransferStart:
    """Ring the first target, or all, each into its room. Raises what the carrier refuses; then nobody rings.

    The transfer holds every leg before the carrier is asked, without its id.
    """
    return await _ring(exchange, call, transfer, targets[: len(transfer.legs)], 1)


async def _ring(
    exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...], first: int
) -> TransferStart:
    """All or none: where one cannot be rung, the others are let go."""
    rung: dict[str, str] = {}
    try:
        for place, target in enumerate(targets, start=first):
            rung |= await _ring_one(exchange, call, transfer, target, place)
    except LinecardError:
        await releasing.release(exchange, call, replace(transfer, legs=rung))
        raise
    return TransferStart.STREAM_STAYS


async def _ring_one(
    exchange: Exchange, call: Call, transfer: Transfer, target: Cleared, place: int
) -> Mapping[str, str]:
    """The leg that it has now, with the carrier's id."""
    addresses = exchange.addresses(call.provider, call.account)
    asked = rooms.order(exchange, call, transfer, TransferStage.CONSULT)
    order = replace(
        asked,
        targets=(target,),
        target_urls=(addresses.webhook(Kind.TARGET, call.id, reference(transfer.id, place)),),
        first=place,
        room=rooms.room(transfer, f"target:{place}"),
    )
    started = await exchange.relay(call).hooks.transfer(call, order)
    await _keep_legs(exchange, call, transfer, started.legs)
    return started.legs


async def _keep_legs(
    exchange: Exchange, call: Call, transfer: Transfer, legs: Mapping[str, str]
) -> None:
    """Reports may be quicker than the answer: a leg that is not waited for any more is ended."""
    async with exchange.database.write() as conn:
        await calls.get(conn, call.id)  # locked before its transfers, as everywhere
        current = await transfers.get(conn, transfer.id)
        known = current.legs if current else {}
        kept = {leg: legs.get(leg) or given for leg, given in known.items()}
        await transfers.update(conn, transfer.id, legs=kept)
        if current and current.state is TransferState.CONSULTING:
            await overdue.rung(exchange, conn, current)
    strays = {leg: given for leg, given in legs.items() if leg not in known}
    await releasing.release(exchange, call, replace(transfer, legs=strays))


async def target_answered(exchange: Exchange, call: Call, event: CarrierEvent) -> None:
    """Bring the caller into the room; the first target that is ready is the one.

    Whoever answers for a transfer that does not ring them any more, as after a dial of which the
    carrier did not say whether it was placed, is let go.
    """
    assert isinstance(event, LegAnswered)
    if event.bridged:
        return
    transfer = await _joining(exchange, call, event) if event.ready else None
    if transfer is None:
        await _release_stray(exchange, call, event)
        return
    await _join(exchange, call, transfer)


async def _release_stray(exchange: Exchange, call: Call, event: LegAnswered) -> None:
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, read_reference(event.transfer)[0])
    if transfer is None or transfer.call != call.id or not transfer.consults:
        return
    is_wanted = event.leg in transfer.legs and transfer.state is not TransferState.ENDED
    stray = event.carrier_ids.get(event.leg)
    if not is_wanted and stray:
        legs = {event.leg: stray}
        await releasing.release(exchange, call, replace(transfer, legs=legs), event.key)


async def _join(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    live = exchange.lives.get(call.id)
    cuts = exchange.relay(call).hooks.facts().cuts_stream
    if live is not None and cuts:
        await live.flush()
    order = rooms.order(exchange, call, transfer, TransferStage.JOIN)
    try:
        started = await exchange.relay(call).hooks.transfer(call, order)
    except LinecardError as error:
        log.warning("the caller could not be brought to the target", call=call.id, error=str(error))
        await come_to_nothing(exchange, call, transfer, Result.FAILED)
        return
    await _brought(exchange, call, transfer)
    if live is not None and started.start is TransferStart.DOCUMENT_AFTER_STREAM:
        await live.leave_stream()


async def _brought(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """The caller is on the way; where the target has gone meanwhile, the way back follows at once."""
    async with exchange.database.write() as conn:
        current = await transfers.update(conn, transfer.id, brought=True)
    if current.state is TransferState.ENDED:
        await _bring_back(exchange, call, current)


async def _bring_back(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """A caller whose target left before they met is sent to the agent again, once."""
    async with exchange.database.write() as conn:
        current = await transfers.get(conn, transfer.id)
        caller = await calls.get(conn, call.id)
        if current is None or not current.brought or current.result is Result.BRIDGED:
            return
        if caller is None or caller.is_over or caller.closing:
            return
        await transfers.update(conn, transfer.id, brought=False)
        await timeline.append(conn, call.id, "caller-sent-back", {}, now())
    order = rooms.order(exchange, call, transfer, TransferStage.JOIN, Kind.BACK)
    try:
        await exchange.relay(call).hooks.transfer(call, order)
    except LinecardError as error:
        log.warning("the caller could not be sent back", call=call.id, error=str(error))


async def _joining(exchange: Exchange, call: Call, event: LegAnswered) -> Transfer | None:
    """The transfer, with the leg that is ready alone; None where another was first or it is over."""
    async with exchange.database.write() as conn:
        await calls.get(conn, call.id)  # locked before its transfers, as everywhere
        transfer = await transfers.get(conn, read_reference(event.transfer)[0])
        if transfer is None or transfer.call != call.id or event.leg not in transfer.legs:
            return None
        given = transfer.legs[event.leg] or event.carrier_ids.get(event.leg, "")
        won = {event.leg: given}
        joining = await transfers.move(conn, transfer.id, Happening.READY, legs=won)
        if joining is None:
            return None
        await overdue.joining(exchange, conn, joining)
        await timeline.append(conn, call.id, "transfer-joining", {"leg": event.leg}, now())
    losers = {leg: known for leg, known in transfer.legs.items() if leg != event.leg}
    await releasing.release(exchange, call, replace(transfer, legs=losers))
    return joining


async def leg_gone(exchange: Exchange, call: Call, event: CarrierEvent) -> None:
    """After the caller's end nobody rings; after a target's, the next one is rung or the caller is back."""
    assert isinstance(event, LegEnded)
    async with exchange.database.read() as conn:
        known = [one for one in await transfers.of_call(conn, call.id) if one.consults]
    for transfer in known:
        if event.leg == CALLER:
            await releasing.let_go(exchange, call, transfer)
        elif transfer.state is TransferState.CONSULTING:
            await _ring_next(exchange, call, transfer)
        elif transfer.state is TransferState.ENDED:
            await _bring_back(exchange, call, transfer)


async def _ring_next(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """Ring the next target of a sequence, once; where it cannot be rung, the one behind it."""
    claimed = await _claim_next(exchange, transfer)
    if claimed is None:
        return
    try:
        gate = await open_gate(exchange.settings, exchange.database)
        own = tuple(number for number in (call.from_, call.to, call.number) if number)
        target = gate.clear_target(claimed.targets[claimed.rung - 1], own)
        await _ring(exchange, call, claimed, (target,), claimed.rung)
    except LinecardError as error:
        await _not_rung(exchange, call, claimed, str(error))


async def _claim_next(exchange: Exchange, transfer: Transfer) -> Transfer | None:
    async with exchange.database.write() as conn:
        current = await transfers.get(conn, transfer.id)
        if current is None or current.legs or current.rung >= len(current.targets):
            return None
        rung = current.rung + 1
        legs = legs_of(("",), rung)
        return await transfers.move(conn, transfer.id, Happening.NEXT, rung=rung, legs=legs)


async def _not_rung(exchange: Exchange, call: Call, transfer: Transfer, reason: str) -> None:
    """A target of a sequence that the carrier or the gate refuses counts as failed."""
    leg = f"target:{transfer.rung}"
    async with exchange.database.write() as conn:
        facts = {"leg": leg, "reason": reason}
        await timeline.append(conn, call.id, "target-refused", facts, now())
    event = TransferReported(
        key=f"not-rung:{transfer.id}:{transfer.rung}",
        leg=leg,
        transfer=transfer.id,
        result=Result.FAILED,
    )
    await inbox.apply(exchange, call, [event])
    await _ring_next(exchange, call, transfer)


async def come_to_nothing(
    exchange: Exchange, call: Call, transfer: Transfer, result: Result
) -> None:
    """End a consultation so, where nothing has moved it since it was read; whoever rings or waits is let go."""
    taken = await releasing.claim(exchange, call, transfer)
    if taken is not None:
        await given_up(exchange, call, taken, result)


async def given_up(exchange: Exchange, call: Call, taken: Transfer, result: Result) -> None:
    """What came of a consultation that was taken is told, and then its legs are ended: their ends are no result."""
    key = f"transfer-given-up:{taken.id}"
    event = TransferReported(key=key, transfer=taken.id, result=result)
    await inbox.apply(exchange, call, [event])
    await releasing.end_taken(exchange, call, taken)
