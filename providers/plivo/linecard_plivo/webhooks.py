"""Plivo's webhooks: what each form says, in our events, and which document it waits for.

What a form is follows from our own query (`k`) together with Plivo's Event: a hang-up is a hang-up
at whatever address it arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linecard import (
    AnswerRequested,
    Callback,
    CallRinging,
    CarrierEvent,
    CarrierRequest,
    Direction,
    InvalidField,
    Kind,
    LegEnded,
    MachineDetected,
    MachineKind,
    Reason,
    RecordingReady,
    RequestRefused,
    StreamReported,
    Unrecognised,
)
from linecard_plivo import dialled
from linecard_plivo.e164 import read_number
from linecard_plivo.fields import Form, read_form
from linecard_plivo.hangups import SOURCES, STATUSES, end_of

Read = Callable[[CarrierRequest, Form], tuple[CarrierEvent, ...]]

EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "StartApp": Kind.ANSWER,
        "Ring": Kind.RINGING,
        "Hangup": Kind.ENDED,
        "MachineDetection": Kind.MACHINE,
    }
)
"""What Plivo's Event says a form is, where our address does not."""
BY_EVENT = frozenset({Kind.RINGING, Kind.ENDED, Kind.MACHINE})
"""Kinds that only tell: there Plivo's Event decides."""
MACHINES: Mapping[str, MachineKind] = MappingProxyType(
    {"true": MachineKind.MACHINE, "false": MachineKind.HUMAN}
)
STREAM_STATES: Mapping[str, str] = MappingProxyType(
    {
        "StartStream": "started",
        "started": "started",
        "StopStream": "stopped",
        "stopped": "stopped",
        "DroppedStream": "failed",
        "failed": "failed",
        "DegradedStream": "degraded",
    }
)
"""Plivo's pages have two vocabularies (XML reference, and guide)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of form is read, and the document it waits for."""

    read: Read
    required: tuple[str, ...]
    wants: Reason | None = None


def parse(request: CarrierRequest) -> Callback:
    """What a verified request says. Raises RequestRefused: 400 unreadable, 403 cut anew."""
    kind = _kind(request)
    shape = SHAPES.get(kind, UNKNOWN_SHAPE) if kind else UNKNOWN_SHAPE
    form = read_form(request, shape.required, ("Event", "HangupCauseCode"))
    return Callback(
        events=shape.read(request, form),
        wants=shape.wants,
        call_ids=_call_ids(form, kind),
        unknown=form.unknown,
    )


def _kind(request: CarrierRequest) -> Kind | None:
    event = request.field("Event") or ""
    if event == "Hangup" or (event and request.kind in BY_EVENT) or request.kind is None:
        return EVENTS.get(event)
    if request.kind is Kind.ANSWER and request.field("CallStatus") in STATUSES:
        return Kind.ENDED
    return request.kind


def _call_ids(form: Form, kind: Kind | None) -> Mapping[str, str]:
    """The ids of the caller's leg; a dialled leg's never stand for the call."""
    if kind in (Kind.DIALED, Kind.LEG):
        own = form.text("DialALegUUID") or (form.text("CallUUID") if kind is Kind.DIALED else "")
        ids = {"call_uuid": own}
    else:
        ids = {
            "call_uuid": form.text("CallUUID", "call_uuid"),
            "request_uuid": form.text("RequestUUID", "ALegRequestUUID"),
        }
    return {name: value for name, value in ids.items() if value}


def _answer(_request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    if form.text("Direction") not in set(Direction):
        raise RequestRefused("the field 'Direction' is neither inbound nor outbound", status=400)
    return (
        AnswerRequested(
            key=f"answer:{form.text('CallUUID')}",
            carrier_ids=_call_ids(form, None),
            direction=Direction(form.text("Direction")),
            from_=read_number(form.text("From"), "from"),
            to=_own_number(form.text("To")),
            machine=MACHINES.get(form.text("Machine")),
        ),
    )


def _own_number(text: str) -> str:
    try:
        number = read_number(text, "to")
    except InvalidField as error:
        raise RequestRefused("the field 'To' is not a telephone number", status=400) from error
    if number is None:
        raise RequestRefused("the field 'To' is not a telephone number", status=400)
    return number


def _ringing(_request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    return (
        CallRinging(key=f"ringing:{form.text('CallUUID')}", carrier_ids=_call_ids(form, None)),
    )


def _ended(_request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    code, duration = form.text("HangupCauseCode"), form.whole("Duration")
    status, reason = end_of(code, form.text("CallStatus"), duration)
    return (
        LegEnded(
            key=f"ended:{form.text('CallUUID')}",
            carrier_ids=_call_ids(form, None),
            status=status,
            reason=reason or form.text("HangupCauseName").lower(),
            code=code,
            ended_by=SOURCES.get(form.text("HangupSource"), ""),
            duration=duration,
            billed=form.whole("BillDuration"),
            cost=form.text("TotalCost") or None,
        ),
    )


def _machine(_request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    word = form.text("Machine")
    return (
        MachineDetected(
            key=f"machine:{form.text('CallUUID')}",
            carrier_ids=_call_ids(form, None),
            kind=MACHINES.get(word, MachineKind.UNKNOWN),
            raw=word,
        ),
    )


def _stream(request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    word = form.text("Event")
    if word not in STREAM_STATES:
        return _unrecognised(request, form)
    reason = form.text("StatusReason")
    fact = ":".join((form.text("StreamID"), word, reason, form.text("Timestamp")))
    return (
        StreamReported(key=f"stream:{fact}", leg="media", state=STREAM_STATES[word], reason=reason),
    )


def _recording(_request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    recording, url = form.text("RecordingID", "recording_id"), form.text("RecordUrl", "record_url")
    if not recording or not url:
        raise RequestRefused("a recording without its id or its address", status=400)
    milliseconds = form.whole("RecordingDurationMs", "recording_duration_ms")
    if milliseconds is None:
        seconds = form.whole("RecordingDuration", "recording_duration")
        milliseconds = None if seconds is None else seconds * 1000
    length = "early" if milliseconds is None else milliseconds
    return (
        RecordingReady(
            key=f"recording:{recording}:{length}",
            recording=recording,
            url=url,
            duration_ms=milliseconds,
        ),
    )


def _gathered(request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    digits = form.text("Digits")
    fact = f"{form.text('CallUUID')}:{request.reference or ''}:{digits}"
    return (events.DigitsGathered(key=f"digits:{fact}", digits=digits),)


def _nothing(_request: CarrierRequest, _form: Form) -> tuple[CarrierEvent, ...]:
    return ()


def _unrecognised(request: CarrierRequest, form: Form) -> tuple[CarrierEvent, ...]:
    name = form.text("Event", "DialAction") or "no Event"
    ...
