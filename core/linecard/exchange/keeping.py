"""How the inbox keeps what a carrier said; and what was kept because it came too early.

A carrier that asks again for an answer may have told the end of the call, and its recording, before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from linecard.calls import Call
from linecard.events import (
    CallAnswered,
    CallRinging,
    CarrierEvent,
    LegEnded,
    MachineDetected,
    RecordingFailed,
    RecordingReady,
    RecordingStarted,
    StreamReported,
)
from linecard.exchange.chronicle import event_name, event_name_of
from linecard.exchange.context import ids_fit
from linecard.store import inbox
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

MOST_UNKNOWN = 50
LONGEST_UNKNOWN = 500
EARLY = timedelta(minutes=10)
"""How long before its call a report of it may have come."""
EARLY_KINDS = (
    CallRinging,
    CallAnswered,
    LegEnded,
    MachineDetected,
    RecordingStarted,
    RecordingReady,
    RecordingFailed,
    StreamReported,
)
KINDS: Mapping[str, type[CarrierEvent]] = {event_name_of(kind): kind for kind in EARLY_KINDS}
"""What is given to a call that is opened after it was told. Digits are kept masked, and are not."""


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
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum) or not isinstance(value, bool | int):
        return str(value)
    return value


async def early_events(conn: AsyncConnection, call: Call) -> Sequence[CarrierEvent]:
    """What was told of a new call before it, in the order in which it came, and belongs to no other."""
    kept = await inbox.waiting(conn, call.provider, call.account, now() - EARLY)
    known = ((KINDS.get(str(one["event"])), one) for one in kept)
    early = (msgspec.convert(one, kind) for kind, one in known if kind is not None)
    return [event for event in early if _is_of(call, event)]


def _is_of(call: Call, event: CarrierEvent) -> bool:
    known = call.carrier_ids.items() & event.carrier_ids.items()
    return bool(known) and ids_fit(call, event.carrier_ids)
