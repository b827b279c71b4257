"""The rooms of a consultation, and what a carrier is asked for them.

Each target has a room of its own: two that answer at once never meet there, and the end of the one that
comes too late does not close the room of the other.
"""

from __future__ import annotations

from linecard.calls import Call
from linecard.carrier import TransferOrder, TransferStage
from linecard.exchange.context import Exchange
from linecard.store.transfers import Transfer
from linecard.webhook import Kind


def room(transfer: Transfer, leg: str) -> str:
    """The name of the room of a target's leg, `target:1`."""
    return f"linecard-{transfer.id}-{leg.rpartition(':')[2]}"


def order(
    exchange: Exchange,
    call: Call,
    transfer: Transfer,
    stage: TransferStage,
    kind: Kind = Kind.TRANSFER,
) -> TransferOrder:
    """One stage of a consultation, with the legs that the transfer has; the room is told with the targets."""
    addresses = exchange.addresses(call.provider, call.account)
    return TransferOrder(
        reference=transfer.id,
        document_url=addresses.webhook(kind, call.id, transfer.id),
        stage=stage,
        whispers=transfer.asks,
        caller_id=call.number,
        ring_seconds=transfer.ring_seconds,
        max_seconds=call.max_seconds,
        callback_url=addresses.webhook(Kind.LEG, call.id, transfer.id),
        legs=transfer.legs,
    )
