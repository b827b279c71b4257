"""Addresses that a person pastes at a carrier: they name no call, so they carry a proof of the number's own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from linecard.exchange.context import Exchange
from linecard.numbers import Number
from linecard.store import numbers
from linecard.webhook import Kind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.plugins import Relay

KINDS = (Kind.ANSWER, Kind.NEXT, Kind.DIAL, Kind.RETURN, Kind.ENDED)
MOST_PROOFS = 2
"""The proof that goes out, and the one before it, which stands in the carrier's console until it is replaced."""
SEPARATOR = "."


def new_proof() -> str:
    """A fresh proof: 128 bits."""
    return secrets.token_hex(16)


def rotated(number: Number) -> tuple[str, ...]:
    """The proofs of a number after one more change: the new one first, the latest before it still good."""
    return (new_proof(), *number.proofs)[:MOST_PROOFS]


def pasted_addresses(exchange: Exchange, number: Number) -> Mapping[Kind, str]:
    """Our addresses of a number, by what each is for.

    Carriers that sign their requests are given the account's own; the others' hold the number's proof.
    """
    addresses = exchange.addresses(number.provider, number.account)
    facts = exchange.plugins.relay(number.provider, number.account).hooks.facts()
    reference = SEPARATOR.join((number.id, number.proofs[0])) if facts.unsigned else ""
    return {kind: addresses.webhook(kind, reference=reference) for kind in KINDS}


async def is_proof(conn: AsyncConnection, relay: Relay, reference: str) -> bool:
    """Whether a reference is a live proof of a number of this account."""
    number_id, _, proof = reference.partition(SEPARATOR)
    number = await numbers.by_id(conn, number_id) if proof else None
    if number is None or (number.provider, number.account) != (relay.provider, relay.account):
        return False
    return any(secrets.compare_digest(proof.encode(), one.encode()) for one in number.proofs)
