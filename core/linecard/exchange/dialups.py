"""Transfers: asked for by the agent, carried out by the document that the carrier fetches.

Where the carrier can ring the target first (`facts.consults`), a warm transfer goes through a room:
`exchange/consulting.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.carrier import TransferOrder, TransferStage, TransferStart
from linecard.errors import (
    CallOver,
    Conflict,
    InvalidField,
    LinecardError,
    UnsupportedByProvider,
)
from linecard.exchange import consulting
from linecard.exchange.context import Exchange
from linecard.exchange.notifying import writing as notifying
from linecard.outbound import limits
from linecard.outbound.gate import open_gate
from linecard.store import calls, timeline, transfers
from linecard.store.transfers import Transfer
from linecard.tokens import new_id
from linecard.verbs import Conference, Dial, Verb
from linecard.wall import now
from linecard.webhook import Kind

if TYPE_CHECKING:
    from linecard.numbers import Cleared

WARM = "warm"
MODES = ("cold", WARM)
MOVING = frozenset({"waiting", "dialing", "joining"})
"""The caller's leg is on its way: whatever document it asks for is the transfer's."""
ACTIVE = MOVING | {"consulting"}
CALLER_LABEL = "caller"


async def begin(
    exchange: Exchange, call: Call, targets: Sequence[str], mode: str, ring_seconds: int
) -> TransferStart:
    """Ask the carrier to transfer the caller; what becomes of the stream.

    The transfer is written before the carrier is asked, since its request for the document may
    overtake its answer. Raises GateRefused, UnsupportedByProvider, Conflict, CallOver or CarrierError.
    """
    relay = exchange.relay(call)
    relay.require("transfer", call.profile)
    if mode == WARM and not relay.hooks.facts().warm:
        raise UnsupportedByProvider(call.provider, "a warm transfer", call.profile)
    cleared = await _check(exchange, call, targets, mode)
    consults = mode == WARM and relay.hooks.facts().consults
    transfer = Transfer(
        id=new_id(),
        call=call.id,
        targets=tuple(targets),
        mode=mode,
        ring_seconds=ring_seconds,
        state="consulting" if consults else "waiting",
        result=None,
        created_at=now(),
        legs=consulting.legs_of(targets) if consults else {},
    )
    await _write(exchange, call, transfer)
    try:
        if consults:
            return await consulting.begin(exchange, call, transfer, cleared)
        order = _order(exchange, call, transfer, cleared)
        return (await relay.hooks.transfer(call, order)).start
    except LinecardError as error:
        await _give_up(exchange, call, transfer, error)
        raise


def _order(
    exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...]
) -> TransferOrder:
    addresses = exchange.addresses(call.provider, call.account)
    return TransferOrder(
        reference=transfer.id,
        document_url=addresses.webhook(Kind.TRANSFER, call.id, transfer.id),
        stage=TransferStage.DIAL,
        targets=targets,
        whispers=transfer.mode == WARM,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
    )


async def divert(exchange: Exchange, call: Call, to: str, ring_seconds: int) -> Transfer:
    """A transfer that nobody asks the carrier for: the next document of the call dials.

    Raises GateRefused, InvalidField, LimitReached or CallOver.
    """
    await _cleared(exchange, call, [to])
    transfer = Transfer(
        id=new_id(),
        call=call.id,
        targets=(to,),
        mode="cold",
        ring_seconds=ring_seconds,
        state="waiting",
        result=None,
        created_at=now(),
        legs={},
    )
    await _write(exchange, call, transfer)
    return transfer


async def _check(
    exchange: Exchange, call: Call, targets: Sequence[str], mode: str
) -> tuple[Cleared, ...]:
    if mode not in MODES:
        raise InvalidField("mode", f"must be one of {', '.join(MODES)}")
    if not targets:
        raise InvalidField("to", "at least one number to transfer to")
    return await _cleared(exchange, call, targets)


async def _cleared(exchange: Exchange, call: Call, targets: Sequence[str]) -> tuple[Cleared, ...]:
    gate = await open_gate(exchange.settings, exchange.database)
    own = tuple(number for number in (call.from_, call.to, call.number) if number)
    return tuple(gate.clear_target(target, own) for target in targets)


async def _write(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    async with exchange.database.write() as conn:
        await limits.one_at_a_time(conn)
        current = await calls.get(conn, call.id)
        if current is None or current.is_over or current.closing:
            raise CallOver(call.id)
        if any(known.state in ACTIVE for known in await transfers.of_call(conn, call.id)):
            raise Conflict(f"call {call.id} is being transferred already")
        await limits.check_transfer(conn, exchange.settings, call, len(transfer.targets))
        await transfers.add(conn, transfer)
        facts = {"mode": transfer.mode, "targets": len(transfer.targets)}
        await timeline.append(conn, call.id, "transfer-asked", facts, now())
        await notifying.transfer_asked(exchange, conn, current, transfer)
    exchange.work_is_due.set()


async def _give_up(exchange: Exchange, call: Call, transfer: Transfer, error: Exception) -> None:
    reason = getattr(error, "message", str(error))
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id)  # locked before its transfers, as everywhere
        await transfers.update(conn, transfer.id, state="ended")
        await timeline.append(conn, call.id, "transfer-refused", {"reason": reason}, now())
        await notifying.transfer_refused(exchange, conn, current, transfer, reason)
    exchange.work_is_due.set()


async def moving(exchange: Exchange, call: Call) -> Transfer | None:
    """The transfer that the caller's leg is on its way through, if there is one."""
    async with exchange.database.read() as conn:
        known = await transfers.of_call(conn, call.id)
    return next((one for one in reversed(known) if one.state in MOVING), None)


async def give_up_moving(exchange: Exchange, call: Call) -> None:
    """The caller is back, whatever the carrier says of it: no later document dials for that transfer."""
    transfer = await moving(exchange, call)
    if transfer is not None:
        async with exchange.database.write() as conn:
            await transfers.update(conn, transfer.id, state="ended")


async def verbs(exchange: Exchange, call: Call, transfer: Transfer) -> Sequence[Verb]:
    """The document of a transfer; its action brings the caller back unless it succeeded."""
    if transfer.state == "joining":
        return [_room(exchange, call, transfer)]
    targets = await _cleared(exchange, call, transfer.targets)
    async with exchange.database.write() as conn:
        current = await transfers.get(conn, transfer.id)
        if current is not None and current.state == "waiting":
            await transfers.update(conn, transfer.id, state="dialing")
    return [_dial(exchange, call, transfer, targets)]


def _dial(exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...]) -> Dial:
    addresses = exchange.addresses(call.provider, call.account)
    return Dial(
        targets=targets,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
        action_url=addresses.webhook(Kind.DIALED, call.id, transfer.id),
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
        whisper_url=_whisper(exchange, call, transfer),
    )


def _room(exchange: Exchange, call: Call, transfer: Transfer) -> Conference:
    """Where the target waits already."""
    addresses = exchange.addresses(call.provider, call.account)
    return Conference(
        room=consulting.room(transfer),
        label=CALLER_LABEL,
        max_seconds=call.max_seconds,
        action_url=addresses.webhook(Kind.DIALED, call.id, transfer.id),
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
    )


def _whisper(exchange: Exchange, call: Call, transfer: Transfer) -> str | None:
    """Where a warm transfer's target hears who is coming, before the caller is connected."""
    if transfer.mode != WARM:
        return None
    addresses = exchange.addresses(call.provider, call.account)
    return addresses.webhook(Kind.WHISPER, call.id, transfer.id)
