"""Transfers: asked for by the agent, carried out by the document that the carrier fetches.

Where the carrier can ring the target first (`facts.consults`), a warm transfer goes through a room:
`exchange/consulting.py`. What reports do to a transfer says `exchange/transferring.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.carrier import AcceptKey, TransferOrder, TransferStage, TransferStart
from linecard.errors import (
    CallOver,
    Conflict,
    InvalidField,
    LinecardError,
    UnsupportedByProvider,
)
from linecard.events import TransferReported, TransferResult
from linecard.exchange import consulting, inbox, overdue, rooms
from linecard.exchange.context import Exchange
from linecard.exchange.notifying import writing as notifying
from linecard.outbound import limits
from linecard.outbound.blocked import refuse_blocked
from linecard.outbound.gate import open_gate
from linecard.store import calls, timeline, transfers
from linecard.store.transfers import Transfer
from linecard.tokens import new_id
from linecard.transfers import (
    ACCEPT_KEY,
    ACCEPT_SECONDS,
    MOST_WHISPER,
    MOVING,
    Happening,
    RingOrder,
    TransferState,
    TransferWish,
    reference,
)
from linecard.verbs import Conference, Dial, Verb
from linecard.wall import now
from linecard.webhook import Kind

if TYPE_CHECKING:
    from linecard.numbers import Cleared

WARM = "warm"
MODES = ("cold", WARM)
CALLER_LABEL = "caller"


async def begin(exchange: Exchange, call: Call, wish: TransferWish) -> TransferStart:
    """Ask the carrier to transfer the caller; what becomes of the stream.

    The transfer is written before the carrier is asked, since its request for the document may
    overtake its answer. Raises GateRefused, UnsupportedByProvider, Conflict, CallOver or CarrierError.
    """
    relay = exchange.relay(call)
    consults = wish.mode == WARM and relay.hooks.facts().consults
    try:
        relay.require("transfer", call.profile)
        _require(exchange, call, wish)
        cleared = await _check(exchange, call, wish)
    except LinecardError as error:
        await _note_not_begun(exchange, call, error)
        raise
    transfer = _new(call, wish, consults=consults)
    await _write(exchange, call, transfer)
    try:
        if consults:
            return await consulting.begin(exchange, call, transfer, cleared)
        await _let_hear(exchange, call, transfer)
        order = _order(exchange, call, transfer, cleared)
        return (await relay.hooks.transfer(call, order)).start
    except LinecardError as error:
        if await _give_up(exchange, call, transfer, error):
            raise CallOver(call.id) from error
        raise


async def _note_not_begun(exchange: Exchange, call: Call, error: LinecardError) -> None:
    """Nobody was asked anything; the record says why."""
    facts = {"reason": str(error)}
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "transfer-not-begun", facts, now())


def _require(exchange: Exchange, call: Call, wish: TransferWish) -> None:
    """Raise UnsupportedByProvider for what the carrier cannot do, before anything is written or closed."""
    facts = exchange.relay(call).hooks.facts()
    if wish.mode == WARM and not facts.warm:
        raise UnsupportedByProvider(call.provider, "a warm transfer", call.profile)
    if wish.whisper is not None and not facts.warm:
        raise UnsupportedByProvider(call.provider, "a whisper before a transfer", call.profile)
    asks = facts.accept_key is not AcceptKey.NOWHERE or (wish.mode == WARM and facts.consults)
    if wish.accept_key is not None and not asks:
        raise UnsupportedByProvider(call.provider, "an accept key", call.profile)


def _new(call: Call, wish: TransferWish, *, consults: bool) -> Transfer:
    first = wish.targets[:1] if wish.order == RingOrder.SEQUENCE else wish.targets
    return Transfer(
        id=new_id(),
        call=call.id,
        targets=wish.targets,
        mode=wish.mode,
        ring_seconds=wish.ring_seconds,
        state=TransferState.CONSULTING if consults else TransferState.WAITING,
        result=None,
        created_at=now(),
        order=wish.order,
        whisper=wish.whisper,
        accept_key=wish.accept_key,
        legs=consulting.legs_of(first) if consults else {},
        rung=len(first) if consults else 0,
        consults=consults,
    )


async def _let_hear(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    """What was said already is heard before a carrier cuts the stream. Raises CallOver."""
    live = exchange.lives.get(call.id)
    if live is None or not exchange.relay(call).hooks.facts().cuts_stream:
        return
    await live.flush()
    async with exchange.database.read() as conn:
        current = await transfers.get(conn, transfer.id)
    if current is None or not current.is_active:
        raise CallOver(call.id)


def _order(
    exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...]
) -> TransferOrder:
    addresses = exchange.addresses(call.provider, call.account)
    return TransferOrder(
        reference=transfer.id,
        document_url=addresses.webhook(Kind.TRANSFER, call.id, transfer.id),
        stage=TransferStage.DIAL,
        targets=targets,
        whispers=transfer.mode == WARM or transfer.asks,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
    )


async def divert(exchange: Exchange, call: Call, to: str, ring_seconds: int) -> Transfer:
    """A transfer that nobody asks the carrier for: the next document of the call dials.

    Raises GateRefused, InvalidField, LimitReached or CallOver.
    """
    await cleared(exchange, call, [to])
    transfer = Transfer(
        id=new_id(),
        call=call.id,
        targets=(to,),
        mode="cold",
        ring_seconds=ring_seconds,
        state=TransferState.WAITING,
        result=None,
        created_at=now(),
    )
    await _write(exchange, call, transfer)
    return transfer


async def _check(exchange: Exchange, call: Call, wish: TransferWish) -> tuple[Cleared, ...]:
    if wish.mode not in MODES:
        raise InvalidField("mode", f"must be one of {', '.join(MODES)}")
    if not wish.targets:
        raise InvalidField("to", "at least one number to transfer to")
    if wish.order not in set(RingOrder):
        raise InvalidField("order", f"must be one of {', '.join(RingOrder)}")
    if wish.accept_key is not None and not re.fullmatch(ACCEPT_KEY, wish.accept_key):
        raise InvalidField("accept_key", "must be one key: 0 to 9, * or #")
    if wish.whisper is not None and not 0 < len(wish.whisper.strip()) <= MOST_WHISPER:
        raise InvalidField("whisper", f"must be a text of at most {MOST_WHISPER} characters")
    return await cleared(exchange, call, wish.targets)


async def cleared(exchange: Exchange, call: Call, targets: Sequence[str]) -> tuple[Cleared, ...]:
    """The targets, let through by the gate as it stands now. Raises GateRefused or InvalidField."""
    gate = await open_gate(exchange.settings, exchange.database)
    own = tuple(number for number in (call.from_, call.to, call.number) if number)
    return tuple(gate.clear_target(target, own) for target in targets)


async def _write(exchange: Exchange, call: Call, transfer: Transfer) -> None:
    async with exchange.database.write() as conn:
        await limits.one_at_a_time(conn)
        current = await calls.get(conn, call.id)
        if current is None or current.is_over or current.closing:
            raise CallOver(call.id)
        if any(known.is_active for known in await transfers.of_call(conn, call.id)):
            raise Conflict(f"call {call.id} is being transferred already")
        for target in transfer.targets:
            await refuse_blocked(conn, target)
        await limits.check_transfer(conn, exchange.settings, call, len(transfer.targets))
        await transfers.add(conn, transfer)
        facts = {
            "mode": transfer.mode,
            "targets": len(transfer.targets),
            "order": transfer.order,
            "asks": transfer.asks,
        }
        await timeline.append(conn, call.id, "transfer-asked", facts, now())
        await notifying.transfer_asked(exchange, conn, current, transfer)
        await overdue.watch(exchange, conn, transfer)
    exchange.work_is_due.set()


async def _give_up(exchange: Exchange, call: Call, transfer: Transfer, error: Exception) -> bool:
    """The carrier refuses; whether that is because the call is over."""
    reason = getattr(error, "message", str(error))
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id)  # locked before its transfers, as everywhere
        await transfers.move(conn, transfer.id, Happening.REFUSED)
        await timeline.append(conn, call.id, "transfer-refused", {"reason": reason}, now())
        await notifying.transfer_refused(exchange, conn, current, transfer, reason)
    exchange.work_is_due.set()
    return current is not None and (current.is_over or current.closing is not None)


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
            await transfers.move(conn, transfer.id, Happening.CALLER_BACK)


async def refuse_moving(
    exchange: Exchange, call: Call, key: str, result: TransferResult
) -> Transfer | None:
    """No document can be given for the transfer under way: it has ended so, and the agent is told."""
    transfer = await moving(exchange, call)
    if transfer is not None:
        event = TransferReported(key=f"{key}:{transfer.id}", transfer=transfer.id, result=result)
        await inbox.apply(exchange, call, [event])
    return transfer


async def verbs(exchange: Exchange, call: Call, transfer: Transfer) -> Sequence[Verb]:
    """The document of a transfer; its action brings the caller back unless it succeeded.

    Empty where the transfer has ended meanwhile.
    """
    if transfer.state is TransferState.JOINING:
        return [_room(exchange, call, transfer)]
    by_turns = transfer.in_order and not exchange.relay(call).hooks.facts().rings_in_order
    rung = 1 if by_turns else len(transfer.targets)
    targets = await cleared(exchange, call, transfer.targets)
    async with exchange.database.write() as conn:
        dialing = await transfers.move(
            conn, transfer.id, Happening.DOCUMENT, rung=transfer.rung or rung
        )
    if dialing is None:
        return []
    turn = targets[dialing.rung - 1 : dialing.rung] if by_turns else targets
    return [_dial(exchange, call, dialing, turn)]


def _dial(exchange: Exchange, call: Call, transfer: Transfer, targets: tuple[Cleared, ...]) -> Dial:
    addresses = exchange.addresses(call.provider, call.account)
    turn = reference(transfer.id, transfer.rung)
    return Dial(
        targets=targets,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
        action_url=addresses.webhook(Kind.DIALED, call.id, turn),
        callback_url=addresses.webhook(Kind.LEG, call.id, turn),
        whisper_url=_whisper(exchange, call, transfer, turn),
        accept_key=transfer.accept_key,
        accept_seconds=ACCEPT_SECONDS,
        in_order=transfer.in_order and len(targets) > 1,
    )


def _room(exchange: Exchange, call: Call, transfer: Transfer) -> Conference:
    """Where the target waits already; by now the transfer has no other leg."""
    leg = next(iter(transfer.legs), f"target:{transfer.rung}")
    addresses = exchange.addresses(call.provider, call.account)
    return Conference(
        room=rooms.room(transfer, leg),
        label=CALLER_LABEL,
        max_seconds=call.max_seconds,
        action_url=addresses.webhook(Kind.DIALED, call.id, transfer.id),
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
    )


def _whisper(exchange: Exchange, call: Call, transfer: Transfer, turn: str) -> str | None:
    """Where a target hears who is coming, or is asked for the key, before the caller is connected."""
    if transfer.mode != WARM and not transfer.asks:
        return None
    addresses = exchange.addresses(call.provider, call.account)
    return addresses.webhook(Kind.WHISPER, call.id, turn)
