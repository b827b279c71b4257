"""Forms about the caller's leg, its stream and its recordings, as our events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from linecard import (
    AnswerRequested,
    CallRinging,
    CarrierEvent,
    CarrierRequest,
    DigitsGathered,
    Direction,
    InvalidField,
    LegEnded,
    MachineDetected,
    MachineKind,
    RecordingReady,
    RecordingStarted,
    RequestRefused,
    StreamReported,
    Unrecognised,
)
from linecard_plivo.e164 import read_number
from linecard_plivo.fields import Form
from linecard_plivo.hangups import END_OF_DOCUMENT, SOURCES, end_of
from linecard_plivo.moments import local

Events = tuple[CarrierEvent, ...]

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
"""Two vocabularies: Plivo's XML reference, and its guide."""


def call_ids(form: Form) -> Mapping[str, str]:
    """The ids of the caller's leg."""
    ids = {
        "call_uuid": form.text("CallUUID", "call_uuid"),
        "request_uuid": form.text("RequestUUID", "ALegRequestUUID"),
    }
    return {name: value for name, value in ids.items() if value}


def answer(_request: CarrierRequest, form: Form) -> Events:
    """A call that wants to be told what to do. Numbers come with and without a plus."""
    return (
        AnswerRequested(
            key=f"answer:{form.text('CallUUID')}",
            carrier_ids=call_ids(form),
            direction=Direction(form.text("Direction")),
            from_=read_number(form.text("From"), "from"),
            to=_dialled_number(form),
            machine=MACHINES.get(form.text("Machine")),
        ),
    )


def _dialled_number(form: Form) -> str:
    try:
        number = read_number(form.text("To"), "to")
    except InvalidField:
        number = None
    if number is None:
        raise RequestRefused("the field 'To' is not a telephone number", status=400)
    return number


def ringing(_request: CarrierRequest, form: Form) -> Events:
    """The far end has begun to ring."""
    return (CallRinging(key=f"ringing:{form.text('CallUUID')}", carrier_ids=call_ids(form)),)


def ended(_request: CarrierRequest, form: Form) -> Events:
    """The caller's leg is over. `Duration` is real, `BillDuration` rounded up (in a CDR it is not)."""
    code, duration = form.text("HangupCauseCode"), form.whole("Duration")
    status, reason = end_of(code, form.text("CallStatus"), duration)
    return (
        LegEnded(
            key=f"ended:{form.text('CallUUID')}",
            carrier_ids=call_ids(form),
            status=status,
            reason=reason or form.text("HangupCauseName").lower(),
            code=code,
            ended_by=SOURCES.get(form.text("HangupSource"), ""),
            duration=duration,
            billed=form.whole("BillDuration"),
            cost=form.text("TotalCost") or None,
            ran_out=code == END_OF_DOCUMENT,
            at=_moment(form, "EndTime"),
            answered_at=_moment(form, "AnswerTime"),
        ),
    )


def _moment(form: Form, name: str) -> datetime | None:
    return local(form.text(name), form.text("StartTime"), form.text("SessionStart"))


def machine(_request: CarrierRequest, form: Form) -> Events:
    """Answering-machine detection has decided, some time after the answer."""
    word = form.text("Machine")
    return (
        MachineDetected(
            key=f"machine:{form.text('CallUUID')}:{word}",
            carrier_ids=call_ids(form),
            kind=MACHINES.get(word, MachineKind.UNKNOWN),
            raw=word,
        ),
    )


def stream(request: CarrierRequest, form: Form) -> Events:
    """Plivo's own view of the stream; it is silent when the call itself was hung up."""
    word, reason = form.text("Event"), form.text("StatusReason")
    if word not in STREAM_STATES:
        return unrecognised(request, form)
    fact = ":".join((form.text("StreamID"), word, reason, form.text("Timestamp")))
    return (
        StreamReported(key=f"stream:{fact}", leg="media", state=STREAM_STATES[word], reason=reason),
    )


def recording(_request: CarrierRequest, form: Form) -> Events:
    """A file to fetch, in the words of the API or of the XML element; an early report has no length."""
    name, url = form.text("RecordingID", "recording_id"), form.text("RecordUrl", "record_url")
    if not name or not url:
        raise RequestRefused("a recording without its id or its address", status=400)
    length = _milliseconds(form)
    if length is None and form.text("RecordingDuration", "recording_duration").startswith("-"):
        return (RecordingStarted(key=f"recording-started:{name}", recording=name),)
    return (recording_ready(name, url, length),)


def recording_ready(name: str, url: str, length: int | None) -> RecordingReady:
    """A file to fetch; what was said without its length is another fact than with it."""
    fact = f"{name}:{'early' if length is None else length}"
    return RecordingReady(key=f"recording:{fact}", recording=name, url=url, duration_ms=length)


def _milliseconds(form: Form) -> int | None:
    exact = form.whole("RecordingDurationMs", "recording_duration_ms")
    seconds = form.whole("RecordingDuration", "recording_duration")
    return exact if exact is not None or seconds is None else seconds * 1000


def gathered(request: CarrierRequest, form: Form) -> Events:
    """Digits that a document asked for; our reference tells one question from the next."""
    digits = form.text("Digits")
    fact = f"{form.text('CallUUID')}:{request.reference or ''}:{digits}"
    return (DigitsGathered(key=f"digits:{fact}", digits=digits),)


def nothing(_request: CarrierRequest, _form: Form) -> Events:
    """A request for a document that reports nothing."""
    return ()


def unrecognised(request: CarrierRequest, form: Form) -> Events:
    """A form that no table knows: kept and counted."""
    name = form.text("Event", "DialAction") or "no Event"
    return (
        Unrecognised(key=f"unrecognised:{form.text('CallUUID')}:{request.kind}:{name}", name=name),
    )
