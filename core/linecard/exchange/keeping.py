"""How the inbox keeps what a carrier said; and an end that was kept because it came too early.

A carrier that asks again for an answer may have told the end of the call before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from linecard.calls import Call
from linecard.events import CALLER, CarrierEvent, LegEnded
from linecard.exchange.chronicle import event_name
from linecard.exchange.context import ids_fit
from linecard.store.tables import inbox
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

MOST_UNKNOWN = 50
LONGEST_UNKNOWN = 500
EARLY = timedelta(minutes=10)
"""How long before its call an end may have come."""
LEG_ENDED = "leg-ended"


def payload(
    event: CarrierEvent, unknown: Mapping[str, str], *, asked: bool = False
) -> dict[str, object]:
    """An event as the inbox keeps it, with the fields that no table knows; digits are masked.

    `asked`: nobody reported it; it came by a look-up, or we concluded it.
    """
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    facts = {name: _plain(value) for name, value in values.items() if value is not None}
    if "digits" in facts:
        facts["digits"] = "*" * len(str(facts["digits"]))
    shown = list(unknown.items())[:MOST_UNKNOWN]
    foreign = {name[:LONGEST_UNKNOWN]: value[:LONGEST_UNKNOWN] for name, value in shown}
    said: dict[str, object] = {"event": event_name(event), **facts}
    said |= {"asked": True} if asked else {}
    return said | ({"unknown": foreign} if foreign else {})


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): str(one) for name, one in value.items()}
    if isinstance(value, Enum) or not isinstance(value, bool | int):
        return str(value)
    return value


async def early_ends(conn: AsyncConnection, call: Call) -> Sequence[LegEnded]:
    """The ends of a new call that came before it and belong to no other."""
    waiting = select(inbox.c.payload).where(
        inbox.c.call_id.is_(None),
        inbox.c.provider == call.provider,
        inbox.c.account == call.account,
        inbox.c.at >= now() - EARLY,
    )
    kept = (await conn.execute(waiting)).scalars()
    ends = (msgspec.convert(one, LegEnded) for one in kept if one["event"] == LEG_ENDED)
    return [end for end in ends if _is_of(call, end)]


def _is_of(call: Call, end: LegEnded) -> bool:
    known = call.carrier_ids.items() & end.carrier_ids.items()
    return end.leg == CALLER and bool(known) and ids_fit(call, end.carrier_ids)
