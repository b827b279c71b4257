"""The room of a consultation, and what a carrier is asked for it."""

from __future__ import annotations

from linecard.calls import Call
from linecard.carrier import TransferOrder, TransferStage
from linecard.exchange.context import Exchange
from linecard.store.transfers import Transfer
from linecard.webhook import Kind


def room(transfer: Transfer) -> str:
    """The name of a transfer's room."""
    return f"linecard-{transfer.id}"


def order(
    exchange: Exchange,
    call: Call,
    transfer: Transfer,
    stage: TransferStage,
    kind: Kind = Kind.TRANSFER,
) -> TransferOrder:
    """One stage of a consultation, with the legs that the transfer has."""
    addresses = exchange.addresses(call.provider, call.account)
    return TransferOrder(
        reference=transfer.id,
        document_url=addresses.webhook(kind, call.id, transfer.id),
        stage=stage,
        whispers=transfer.asks,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
        room=room(transfer),
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
        legs=transfer.legs,
    )
