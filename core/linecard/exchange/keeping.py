"""How the inbox keeps what a carrier said; and what was kept because it came too early.

A carrier that asks again for an answer may have told the end of the call, and its recording, before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

import msgspec

from linecard.calls import Call
from linecard.events import (
    CALLER,
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
from linecard.flight.requests import more_query, pressed
from linecard.store import inbox
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.flight.redacting import Redactor
    from linecard.webhook import Callback, CarrierRequest, Pairs

OfLeg = TypeVar("OfLeg", LegEnded, MachineDetected)
MOST_UNKNOWN = 50
LONGEST_UNKNOWN = 500
LARGEST_RAW = 32 * 1024
"""Characters of a request that are kept: several times what any carrier sends."""
REQUEST = "request"
"""What a request is called in the inbox that told no event: it only asked for a document."""
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


@dataclass(frozen=True, slots=True)
class Told:
    """A request as the inbox keeps it beside its events, without secrets and keys.

    `raw`: its fields as they came. `unknown`: those that no table knows. `digest` names the request where
    it told no event.
    """

    raw: Mapping[str, object] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def without_raw(self) -> Told:
        """The same for a request's further events: what came is kept once."""
        return replace(self, raw={})


NOT_TOLD = Told()
"""Nobody has sent us anything: it came by a look-up, or we have concluded it."""


def told(redactor: Redactor, request: CarrierRequest, callback: Callback) -> Told:
    """What is kept of a request."""
    return Told(
        _raw(redactor, request, callback),
        _unknown(redactor, callback),
        "" if callback.events else _digest(request),
    )


def _digest(request: CarrierRequest) -> str:
    return sha256(request.url.encode() + b"\n" + request.body).hexdigest()


def _raw(redactor: Redactor, request: CarrierRequest, callback: Callback) -> Mapping[str, object]:
    if request.body and not request.pairs:
        return _body(redactor, request.body)
    came = (*request.pairs, *more_query(request))
    kept = list(_up_to(LARGEST_RAW, came))
    left_out = len(came) - len(kept)
    fields = redactor.pairs(kept, pressed(callback))
    return {"fields": fields} | ({"left_out": left_out} if left_out else {})


def _body(redactor: Redactor, body: bytes) -> Mapping[str, object]:
    """A body that is no form; of one that was cut nobody could tell what is private."""
    if len(body) > LARGEST_RAW:
        return {"left_out": len(body)}
    return {"body": redactor.message(body.decode("utf-8", "replace"))}


def _up_to(most: int, came: Pairs) -> Iterator[tuple[str, str]]:
    """The fields, in their order, until they are `most` characters."""
    for name, value in came:
        most -= len(name) + len(value)
        if most < 0:
            return
        yield name, value


def _unknown(redactor: Redactor, callback: Callback) -> Mapping[str, str]:
    shown = list(callback.unknown.items())[:MOST_UNKNOWN]
    masked = redactor.pairs(shown, pressed(callback))
    return {name[:LONGEST_UNKNOWN]: value[:LONGEST_UNKNOWN] for name, value in masked}


def payload(event: CarrierEvent, of: Told = NOT_TOLD, *, asked: bool = False) -> dict[str, object]:
    """An event as the inbox keeps it, with the request that told it; digits are masked.

    `asked`: nobody reported it; it came by a look-up, or we concluded it.
    """
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    facts = {name: _plain(value) for name, value in values.items() if value is not None}
    if "digits" in facts:
        facts["digits"] = "*" * len(str(facts["digits"]))
    said: dict[str, object] = {"event": event_name(event), **facts}
    said |= {"asked": True} if asked else {}
    return said | as_told(of)


def as_told(of: Told) -> dict[str, object]:
    """A request without its events; its names are none of an event's own."""
    kept: dict[str, object] = {"unknown": dict(of.unknown)} if of.unknown else {}
    return kept | ({"came": dict(of.raw)} if of.raw else {})


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): str(one) for name, one in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum) or not isinstance(value, bool | int):
        return str(value)
    return value


async def of_caller(
    conn: AsyncConnection, call: Call, kind: type[OfLeg]
) -> Sequence[tuple[OfLeg, bool]]:
    """The events of one kind that were kept of the caller's own leg, and whether each was asked for."""
    name = event_name_of(kind)
    kept = [entry.payload for entry in await inbox.of_call(conn, call.id)]
    events = ((msgspec.convert(one, kind), one) for one in kept if one["event"] == name)
    return [(event, bool(one.get("asked"))) for event, one in events if event.leg == CALLER]


async def early_events(conn: AsyncConnection, call: Call) -> Sequence[CarrierEvent]:
    """What was told of a new call before it, in the order in which it came, and belongs to no other."""
    kept = await inbox.waiting(conn, call.provider, call.account, now() - EARLY)
    known = ((KINDS.get(str(one["event"])), one) for one in kept)
    early = (msgspec.convert(one, kind) for kind, one in known if kind is not None)
    return [event for event in early if _is_of(call, event)]


def _is_of(call: Call, event: CarrierEvent) -> bool:
    known = call.carrier_ids.items() & event.carrier_ids.items()
    return bool(known) and ids_fit(call, event.carrier_ids)
