"""Where a call's audio goes: its pod, and a fresh token in the path of its media socket."""

from __future__ import annotations

import time
from dataclasses import dataclass

from linecard.calls import Call, Direction
from linecard.carrier import HERE
from linecard.events import CarrierEvent
from linecard.exchange.context import Exchange
from linecard.exchange.noting import note
from linecard.pods import DEADLINE_SECONDS, Held
from linecard.settings import NoPod
from linecard.store import numbers
from linecard.tokens import StreamClaims, new_id

SILENT_SECONDS = 0.3
"""How long somebody who has answered is kept in silence for a pod where there is another way; it was asked for
while it rang."""
ALLOCATED = "pod-allocated"
VALID_SECONDS = 120
"""How long a token from a document may be used to open a stream."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call's audio goes, and our id of the number it is on."""

    pod: str
    number: str


async def stream_url(
    exchange: Exchange,
    call: Call,
    valid_seconds: int = VALID_SECONDS,
    place: Place | None = None,
) -> tuple[str, str]:
    """A media address for the call, good for `valid_seconds`, and the id of its token.

    Where the place is known already, nothing is asked for and nothing waited for.
    """
    place = place or await _place(exchange, call)
    claims = StreamClaims(
        id=new_id(),
        call=call.id,
        provider=call.provider,
        account=call.account,
        number=place.number,
        agent=call.agent,
        profile=call.profile,
        pod=place.pod,
        expires=int(time.time()) + valid_seconds,
    )
    addresses = exchange.addresses(call.provider, call.account)
    return addresses.socket(exchange.tokens.stream(claims)), claims.id


async def _place(exchange: Exchange, call: Call) -> Place:
    """Raises NoFreePod."""
    held = await exchange.leases.of(exchange.plugins, call, _patience(exchange, call))
    _name(exchange, call, held)
    async with exchange.database.read() as conn:
        number = await numbers.get(conn, call.number)
    return Place(held.lease.pod, number.id if number else "")


def _patience(exchange: Exchange, call: Call) -> float:
    rings = call.direction is Direction.INBOUND and call.id not in exchange.lives
    has_another = exchange.settings.no_pod is NoPod.HERE
    return SILENT_SECONDS if has_another and not rings else DEADLINE_SECONDS


def _name(exchange: Exchange, call: Call, held: Held) -> None:
    """The carrier is told of the pod now; the first time stands on the record."""
    is_first, held.named_at = held.named_at is None, time.monotonic()
    if is_first and held.lease.pod != HERE:
        facts: dict[str, object] = {"pod": held.lease.pod, "ms": held.milliseconds}
        exchange.tasks.start(note(exchange, call.id, ALLOCATED, facts), "note a pod")


async def place_of_audio(exchange: Exchange, call: Call, _event: CarrierEvent) -> None:
    """Ask for the place of a call while it rings: somebody who has answered must not wait for it."""
    if call.agent and not call.is_over:
        exchange.leases.begin(exchange.plugins, call)
