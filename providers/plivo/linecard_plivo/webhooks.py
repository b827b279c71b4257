"""Plivo's webhooks: which kind of form it is, who reads it, and which document it waits for.

What a form is follows from our own query (`k`) together with Plivo's Event: a hang-up is a hang-up
at whatever address of the call it arrives, and never wants a document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard import Callback, CarrierEvent, CarrierRequest, Kind, Reason
from linecard_plivo import dialled, readings, rooms
from linecard_plivo.fields import Form, read_form
from linecard_plivo.hangups import STATUSES

Read = Callable[[CarrierRequest, Form], tuple[CarrierEvent, ...]]

EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "StartApp": Kind.ANSWER,
        "Ring": Kind.RINGING,
        "Hangup": Kind.ENDED,
        "MachineDetection": Kind.MACHINE,
    }
)
"""What Plivo's Event says a form is."""
TELLING = frozenset({Kind.RINGING, Kind.ENDED, Kind.MACHINE})
"""Addresses that are only told something: there Plivo's Event decides what."""
OF_TARGETS = frozenset({Kind.LEG, Kind.WHISPER, Kind.TARGET, Kind.ACCEPT})
"""Addresses that speak of a dialled leg: a hang-up there is not the caller's."""

CALL_FIELDS = ("Event", "RequestUUID")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of form is read, what it must hold, and the document it waits for.

    `watched` fields are there as a rule; one that is missing must not be hidden in another.
    """

    read: Read
    required: tuple[str, ...] = ()
    wants: Reason | None = None
    watched: tuple[str, ...] = CALL_FIELDS
    ids: Callable[[Form], Mapping[str, str]] = readings.call_ids


ANSWER_FIELDS = ("CallUUID", "From", "To", "Direction", "CallStatus")
END_FIELDS = (
    *CALL_FIELDS,
    "HangupCauseCode",
    "HangupCauseName",
    "HangupSource",
    "TotalCost",
    "Duration",
    "BillDuration",
    "AnswerTime",
    "EndTime",
    "SessionStart",
    "StartTime",
    "To",
)
ROOM_FIELDS = ("CallUUID", "ConferenceName", "ConferenceAction", "ConferenceUUID")
DIAL_FIELDS = (*ROOM_FIELDS, "DialStatus", "DialALegUUID", "DialBLegUUID", "DialHangupCause")
LEG_FIELDS = (
    *ROOM_FIELDS,
    "DialALegUUID",
    "DialBLegUUID",
    "DialAction",
    "DialBLegPosition",
    "DialBLegStatus",
    "DialBLegHangupCauseCode",
    "DialBLegTotalCost",
)
SHAPES: Mapping[Kind, Shape] = MappingProxyType(
    {
        Kind.ANSWER: Shape(readings.answer, ANSWER_FIELDS, Reason.ANSWER),
        Kind.FALLBACK: Shape(readings.answer, ANSWER_FIELDS, Reason.FALLBACK),
        Kind.NEXT: Shape(readings.nothing, ("CallUUID",), Reason.NEXT),
        Kind.TRANSFER: Shape(readings.nothing, ("CallUUID",), Reason.TRANSFER),
        Kind.GATHERED: Shape(readings.gathered, ("CallUUID",), Reason.GATHERED, ("Digits",)),
        Kind.WHISPER: Shape(readings.nothing, (), Reason.TRANSFER, (), dialled.call_ids),
        Kind.RINGING: Shape(readings.ringing, ("CallUUID",)),
        Kind.ENDED: Shape(readings.ended, ("CallUUID", "CallStatus"), None, END_FIELDS),
        Kind.MACHINE: Shape(readings.machine, ("CallUUID", "Machine")),
        Kind.STREAM: Shape(readings.stream, ("Event", "StreamID")),
        Kind.RECORDING: Shape(readings.recording, watched=()),
        Kind.DIALED: Shape(dialled.dialled, (), Reason.NEXT, DIAL_FIELDS, dialled.call_ids),
        Kind.LEG: Shape(dialled.leg, (), None, LEG_FIELDS, dialled.call_ids),
        Kind.TARGET: Shape(
            rooms.answered, ("CallUUID",), Reason.TRANSFER, ROOM_FIELDS, dialled.call_ids
        ),
        Kind.ACCEPT: Shape(
            rooms.accepted, ("CallUUID",), Reason.TRANSFER, ("Digits",), dialled.call_ids
        ),
        Kind.BACK: Shape(readings.nothing, ("CallUUID",), Reason.NEXT),
    }
)
UNRECOGNISED = Shape(readings.unrecognised, watched=())


def parse(request: CarrierRequest) -> Callback:
    """What a verified request says. Raises RequestRefused: 400 unreadable, 403 cut anew."""
    kind = _kind(request)
    shape = SHAPES.get(kind, UNRECOGNISED) if kind else UNRECOGNISED
    form = read_form(request, shape.required, shape.watched)
    return Callback(
        events=shape.read(request, form),
        wants=shape.wants,
        call_ids=shape.ids(form),
        unknown=form.unknown,
    )


def _kind(request: CarrierRequest) -> Kind | None:
    """What the form is; None where address and Event contradict each other or say nothing."""
    event = request.field("Event") or ""
    said = EVENTS.get(event)
    if request.kind is None or (said is Kind.ENDED and request.kind not in OF_TARGETS):
        return said
    if request.kind in TELLING and event:
        return said if said in TELLING else None
    if request.kind is Kind.ANSWER and request.field("CallStatus") in STATUSES:
        return Kind.ENDED
    return request.kind
