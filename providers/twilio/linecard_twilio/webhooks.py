"""Twilio's webhooks: which kind of form it is, who reads it, and which document it waits for.

What a form is follows from our own query (`k`) together with what Twilio says of it: a report of a
call's progress is one at whatever address it arrives, and never wants a document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard import Callback, CarrierEvent, CarrierRequest, Kind, Reason
from linecard_twilio import dialled, readings
from linecard_twilio.fields import Form, read_form
from linecard_twilio.words import ENDED

Read = Callable[[CarrierRequest, Form], tuple[CarrierEvent, ...]]

PROGRESS = "call-progress-events"
"""Twilio's CallbackSource of a status callback."""
OF_TARGETS = frozenset({Kind.LEG, Kind.WHISPER, Kind.TARGET, Kind.ACCEPT})
"""Addresses that speak of a dialled leg: an end there is not the caller's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of form is read, what it must hold, and the document it waits for.

    `watched` fields are there as a rule; one that is missing must not be hidden in another.
    """

    read: Read
    required: tuple[str, ...] = ()
    wants: Reason | None = None
    watched: tuple[str, ...] = ("CallStatus",)
    ids: Callable[[Form], Mapping[str, str]] = readings.call_ids


ANSWER_FIELDS = ("CallSid", "From", "To", "Direction", "CallStatus")
END_FIELDS = ("CallDuration", "SipResponseCode", "SequenceNumber", "ParentCallSid")
PROGRESS_FIELDS = (*END_FIELDS, "Timestamp", "To")
LEG_FIELDS = (
    "CallSid",
    "CallStatus",
    "StatusCallbackEvent",
    "ConferenceSid",
    "ParticipantLabel",
    *END_FIELDS,
)
RECORDING_FIELDS = (
    "CallSid",
    "RecordingUrl",
    "RecordingDuration",
    "RecordingChannels",
    "ErrorCode",
)
STREAM_FIELDS = ("CallSid", "StreamError")
SHAPES: Mapping[Kind, Shape] = MappingProxyType(
    {
        Kind.ANSWER: Shape(readings.answer, ANSWER_FIELDS, Reason.ANSWER, ("AnsweredBy",)),
        Kind.FALLBACK: Shape(readings.answer, ANSWER_FIELDS, Reason.FALLBACK, ("AnsweredBy",)),
        Kind.NEXT: Shape(readings.nothing, ("CallSid",), Reason.NEXT),
        Kind.TRANSFER: Shape(readings.nothing, ("CallSid",), Reason.TRANSFER),
        Kind.GATHERED: Shape(
            readings.gathered, ("CallSid",), Reason.GATHERED, ("Digits", "ParentCallSid")
        ),
        Kind.WHISPER: Shape(
            readings.nothing,
            ("CallSid",),
            Reason.TRANSFER,
            ("ParentCallSid",),
            readings.callers_ids,
        ),
        Kind.TARGET: Shape(
            readings.nothing, ("CallSid",), Reason.TRANSFER, (), readings.callers_ids
        ),
        Kind.ACCEPT: Shape(
            readings.accepted,
            ("CallSid",),
            Reason.TRANSFER,
            ("Digits", "ParentCallSid"),
            readings.callers_ids,
        ),
        Kind.BACK: Shape(readings.nothing, ("CallSid",), Reason.NEXT),
        Kind.RINGING: Shape(readings.status, ("CallSid", "CallStatus"), None, PROGRESS_FIELDS),
        Kind.ENDED: Shape(readings.status, ("CallSid", "CallStatus"), None, PROGRESS_FIELDS),
        Kind.MACHINE: Shape(readings.machine, ("CallSid", "AnsweredBy")),
        Kind.STREAM: Shape(readings.stream, ("StreamSid", "StreamEvent"), None, STREAM_FIELDS),
        Kind.RECORDING: Shape(
            readings.recording, ("RecordingSid", "RecordingStatus"), None, RECORDING_FIELDS
        ),
        Kind.DIALED: Shape(
            dialled.dialled, ("CallSid", "DialCallStatus"), Reason.NEXT, ("DialBridged",)
        ),
        Kind.LEG: Shape(dialled.leg, (), None, LEG_FIELDS, readings.callers_ids),
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
    """What the form is: a status callback at any address of the caller's leg, else what the address is for."""
    if request.kind in OF_TARGETS:
        return request.kind
    if request.field("CallbackSource") == PROGRESS:
        return Kind.ENDED
    if request.kind is Kind.ANSWER and request.field("CallStatus") in ENDED:
        return Kind.ENDED
    return request.kind
