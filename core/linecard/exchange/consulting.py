"""Warm transfers with consultation: the target is rung into a room first, and the caller follows.

Until a target has answered, every failure leaves the caller with the agent, untouched. Nobody is left
behind: what came to nothing is released, and so is the target of a caller who has hung up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.carrier import TransferOrder, TransferStage, TransferStart
from linecard.errors import LinecardError
from linecard.events import CALLER, CarrierEvent, LegAnswered, TransferReported
from linecard.events import TransferResult as Result
from linecard.exchange import inbox
from linecard.exchange.context import Exchange
from linecard.store import timeline, transfers
from linecard.store.transfers import Transfer
from linecard.wall import now
from linecard.webhook import Kind

if TYPE_CHECKING:
    from linecard.numbers import Cleared

log = structlog.get_logger()

CONSULTING = "consulting"
PATIENCE_SECONDS = 15.0
"""Beyond the ringing: so long the carrier may take to say what became of the targets."""


def legs_of(targets: Sequence[str]) -> Mapping[str, str]:
    """The legs of targets, `target:1` and so on, before the carrier has given them ids."""
    return {f"target:{place}": "" for place in range(1, len(targets) + 1)}


def room(transfer: Transfer) -> str:
    """The name of a transfer's room."""
    return f"linecard-{transfer.id}"


async def begin(
    exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...]
) -> TransferStart:
    """Ring the targets into the room. Raises what the carrier refuses; then nobody rings.

    The transfer holds every leg before the carrier is asked, without its id.
    """
    order = _order(exchange, call, transfer, TransferStage.CONSULT, targets)
    started = await exchange.relay(call).hooks.transfer(call, order)
    await _keep_legs(exchange, call, transfer, started.legs)
    exchange.tasks.start(_watch(exchange, call, transfer), "targets of a transfer")
    return started.start


async def _keep_legs(
    exchange: Exchange, call: Call, transfer: Transfer, legs: Mapping[str, str]
) -> None:
    """Reports may be quicker than the answer: a leg that is not waited for any more is ended."""
    async with exchange.database.write() as conn:
        current = await transfers.get(conn, transfer.id)
        known = current.legs if current else {}
        kept = {leg: given for leg, given in legs.items() if leg in known}
        await transfers.update(conn, transfer.id, legs=kept)
    strays = {leg: given for leg, given in legs.items() if leg not in known}
    await _release(exchange, call, replace(transfer, legs=strays))


def _order(
    exchange: Exchange,
    call: Call,
    transfer: Transfer,
    stage: TransferStage,
    targets: tuple[Cleared, ...] = (),
) -> TransferOrder:
    addresses = exchange.addresses(call.provider, call.account)
    return TransferOrder(
        reference=transfer.id,
        document_url=addresses.webhook(Kind.TRANSFER, call.id, transfer.id),
        stage=stage,
        targets=targets,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
        room=room(transfer),
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
        legs=transfer.legs,
    )


async def _watch(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """Nobody has said what became of the targets: they are released, and the agent goes on."""
    await exchange.clock.sleep(transfer.ring_seconds + PATIENCE_SECONDS)
    async with exchange.database.read() as conn:
        current = await transfers.get(conn, transfer.id)
    if current is not None and current.state == CONSULTING:
        await _come_to_nothing(exchange, call, current, Result.NO_ANSWER)


async def target_answered(exchange: Exchange, call: Call, event: CarrierEvent) -> None:
    """Bring the caller into the room; the first target that answers is the one."""
    assert isinstance(event, LegAnswered)
    if event.bridged:
        return
    transfer = await _joining(exchange, call, event)
    if transfer is None:
        return
    order = _order(exchange, call, transfer, TransferStage.JOIN)
    try:
        await exchange.relay(call).hooks.transfer(call, order)
    except LinecardError as error:
        log.warning("the caller could not be brought to the target", call=call.id, error=str(error))
        await _come_to_nothing(exchange, call, transfer, Result.FAILED)


async def _joining(exchange: Exchange, call: Call, event: LegAnswered) -> Transfer | None:
    """The transfer, with the leg that answered alone; None where another was first or it is over."""
    async with exchange.database.write() as conn:
        transfer = await transfers.get(conn, event.transfer)
        if transfer is None or transfer.call != call.id or transfer.state != CONSULTING:
            return None
        won = {event.leg: transfer.legs.get(event.leg, "")}
        await timeline.append(conn, call.id, "transfer-joining", {"leg": event.leg}, now())
        joining = await transfers.update(conn, transfer.id, state="joining", legs=won)
    losers = {leg: known for leg, known in transfer.legs.items() if leg != event.leg}
    await _release(exchange, call, replace(transfer, legs=losers))
    return joining


async def caller_gone(exchange: Exchange, call: Call, event: CarrierEvent) -> None:
    """Whoever was rung for a caller who has hung up is rung no more."""
    if event.leg != CALLER:
        return
    async with exchange.database.read() as conn:
        known = await transfers.of_call(conn, call.id)
    for transfer in known:
        if transfer.state in (CONSULTING, "joining"):
            await _come_to_nothing(exchange, call, transfer, Result.FAILED)


async def _come_to_nothing(
    exchange: Exchange, call: Call, transfer: Transfer, result: Result
) -> None:
    await _release(exchange, call, transfer)
    async with exchange.database.write() as conn:
        await transfers.update(conn, transfer.id, legs={})
    key = f"transfer-given-up:{transfer.id}"
    event = TransferReported(key=key, leg="target:1", transfer=transfer.id, result=result)
    await inbox.apply(exchange, call, [event])


async def _release(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """End the legs that the transfer has."""
    if not any(transfer.legs.values()):
        return
    order = _order(exchange, call, transfer, TransferStage.RELEASE)
    try:
        await exchange.relay(call).hooks.transfer(call, order)
    except LinecardError as error:
        log.error("a transfer's target may still ring", call=call.id, error=str(error))
        async with exchange.database.write() as conn:
            await timeline.append(conn, call.id, "target-not-released", {}, now())
