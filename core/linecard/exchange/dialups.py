"""Transfers: asked for by the agent, carried out by the document that the carrier fetches."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from linecard.calls import Call
from linecard.carrier import TransferOrder, TransferStart
from linecard.errors import CallOver, CarrierError, Conflict, InvalidField
from linecard.exchange.context import Exchange
from linecard.outbound import limits
from linecard.outbound.gate import open_gate
from linecard.store import calls, timeline, transfers
from linecard.store.transfers import Transfer
from linecard.tokens import new_id
from linecard.verbs import Dial, Verb
from linecard.wall import now
from linecard.webhook import Kind

log = structlog.get_logger()

MODES = ("cold", "warm")
ACTIVE = frozenset({"waiting", "dialing"})


async def begin(
    exchange: Exchange, call: Call, targets: Sequence[str], mode: str, ring_seconds: int
) -> TransferStart:
    """Ask the carrier to transfer the caller; what becomes of the stream.

    The transfer is written before the carrier is asked, since its request for the document may
    overtake its answer. Raises GateRefused, UnsupportedByProvider, Conflict, CallOver or CarrierError.
    """
    relay = exchange.relay(call)
    relay.require("transfer", call.profile)
    await _check(exchange, call, targets, mode)
    transfer = Transfer(
        id=new_id(),
        call=call.id,
        targets=tuple(targets),
        mode=mode,
        ring_seconds=ring_seconds,
        state="waiting",
        result=None,
        created_at=now(),
    )
    await _write(exchange, call, transfer)
    addresses = exchange.addresses(call.provider, call.account)
    order = TransferOrder(
        reference=transfer.id,
        document_url=addresses.webhook(Kind.TRANSFER, call.id, transfer.id),
    )
    try:
        return (await relay.hooks.transfer(call, order)).start
    except CarrierError as error:
        await _give_up(exchange, call, transfer, error)
        raise


async def _check(exchange: Exchange, call: Call, targets: Sequence[str], mode: str) -> None:
    if mode not in MODES:
        raise InvalidField("mode", f"must be one of {', '.join(MODES)}")
    if not targets:
        raise InvalidField("to", "at least one number to transfer to")
    gate = await open_gate(exchange.settings, exchange.database)
    for target in targets:
        gate.clear_target(target, _own_numbers(call))


def _own_numbers(call: Call) -> tuple[str, ...]:
    return tuple(number for number in (call.from_, call.to, call.number) if number)


async def _write(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    async with exchange.database.write() as conn:
        await limits.one_at_a_time(conn)
        current = await calls.get(conn, call.id)
        if current is None or current.is_over or current.closing:
            raise CallOver(call.id)
        if any(known.state in ACTIVE for known in await transfers.of_call(conn, call.id)):
            raise Conflict(f"call {call.id} is being transferred already")
        await limits.check_transfer(conn, exchange.settings, len(transfer.targets))
        await transfers.add(conn, transfer)
        facts = {"mode": transfer.mode, "targets": len(transfer.targets)}
        await timeline.append(conn, call.id, "transfer-asked", facts, now())


async def _give_up(exchange: Exchange, call: Call, transfer: Transfer, error: CarrierError) -> None:
    async with exchange.database.write() as conn:
        await transfers.update(conn, transfer.id, state="ended")
        await timeline.append(conn, call.id, "transfer-refused", {"reason": error.message}, now())


async def verbs(exchange: Exchange, call: Call, transfer: Transfer) -> Sequence[Verb]:
    """The dial document of a transfer; its action brings the caller back unless it succeeded."""
    gate = await open_gate(exchange.settings, exchange.database)
    addresses = exchange.addresses(call.provider, call.account)
    targets = tuple(gate.clear_target(to, _own_numbers(call)) for to in transfer.targets)
    async with exchange.database.write() as conn:
        current = await transfers.get(conn, transfer.id)
        if current is not None and current.state == "waiting":
            await transfers.update(conn, transfer.id, state="dialing")
    return [
        Dial(
            targets=targets,
            caller_id=call.number,
            ring_seconds=transfer.ring_seconds,
            max_seconds=call.max_seconds,
            action_url=addresses.webhook(Kind.DIALED, call.id, transfer.id),
            callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
            whisper_url=_whisper(exchange, call, transfer),
        )
    ]


def _whisper(exchange: Exchange, call: Call, transfer: Transfer) -> str | None:
    """Where a warm transfer's target hears who is coming, before the caller is connected."""
    if transfer.mode != "warm":
        return None
    addresses = exchange.addresses(call.provider, call.account)
    return addresses.webhook(Kind.WHISPER, call.id, transfer.id)
