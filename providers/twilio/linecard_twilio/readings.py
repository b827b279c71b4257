"""Forms about the caller's leg, its stream and its recordings, as our events."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from linecard import (
    AnswerRequested,
    CallAnswered,
    CallRinging,
    CarrierEvent,
    CarrierRequest,
    DigitsGathered,
    Direction,
    InvalidField,
    LegEnded,
    MachineDetected,
    MachineKind,
    RecordingFailed,
    RecordingReady,
    RecordingStarted,
    RequestRefused,
    StreamReported,
    Unrecognised,
)
from linecard_twilio.e164 import read_number
from linecard_twilio.fields import Form
from linecard_twilio.legs import leg_of
from linecard_twilio.words import (
    DIRECTIONS,
    ENDED,
    GREETING_OVER,
    LIVE,
    MACHINES,
    RECORDING_FAULTS,
    STREAM_STATES,
    end_of,
)

Events = tuple[CarrierEvent, ...]
BOTH_SIDES = "?RequestedChannels=2"
"""Without it the file of a dual recording is mixed down."""
CALLER = "caller"
MOMENT = re.compile(
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} \+0000"
)
DUAL = 2


def call_ids(form: Form) -> Mapping[str, str]:
    """The id of the caller's leg: of a target's form, that of its parent."""
    own = form.text("ParentCallSid", "CallSid")
    return {"call_sid": own} if own else {}


def callers_ids(form: Form) -> Mapping[str, str]:
    """The id of the caller's leg where a target's form names it; a target's own never stands for the call."""
    parent = form.text("ParentCallSid")
    return {"call_sid": parent} if parent else {}


def answer(request: CarrierRequest, form: Form) -> Events:
    """A call that wants to be told what to do; of a direction that no table knows our address decides."""
    supposed = Direction.OUTBOUND if request.call else Direction.INBOUND
    word = form.text("AnsweredBy")
    return (
        AnswerRequested(
            key=f"answer:{form.text('CallSid')}",
            carrier_ids=call_ids(form),
            direction=DIRECTIONS.get(form.text("Direction"), supposed),
            from_=read_number(form.text("From"), "from"),
            to=_dialled_number(form),
            machine=MACHINES.get(word, MachineKind.UNKNOWN) if word else None,
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


def fact_of(form: Form) -> str:
    """What makes a report of a call's progress itself: a repeat has the same."""
    return ":".join(
        (form.text("CallSid"), form.text("CallStatus"), form.text("SequenceNumber") or "-")
    )


def status(request: CarrierRequest, form: Form) -> Events:
    """The caller's leg goes on or has ended. `queued` and `initiated` are no news to us."""
    word = form.text("CallStatus")
    if word in ENDED:
        return (ended(form),)
    if word not in LIVE:
        return unrecognised(request, form)
    key, ids = f"status:{fact_of(form)}", call_ids(form)
    read = PROGRESS.get(word)
    return (read(key=key, carrier_ids=ids, at=_moment(form)),) if read else ()


def _moment(form: Form) -> datetime | None:
    """When a report of progress was made: RFC 2822, always UTC."""
    text = form.text("Timestamp")
    try:
        return parsedate_to_datetime(text) if MOMENT.fullmatch(text) else None
    except ValueError:
        return None


PROGRESS: Mapping[str, Callable[..., CarrierEvent]] = MappingProxyType(
    {"ringing": CallRinging, "in-progress": CallAnswered}
)


def ended(form: Form, leg: str = CALLER) -> LegEnded:
    """The end of a leg. `CallDuration` is in seconds; `Duration`, in minutes begun, is not read."""
    code = form.text("SipResponseCode")
    status, reason = end_of(form.text("CallStatus"), code)
    return LegEnded(
        key=f"ended:{fact_of(form)}",
        leg=leg,
        carrier_ids=call_ids(form) if leg == CALLER else {leg: form.text("CallSid")},
        status=status,
        reason=reason,
        code=code,
        duration=form.whole("CallDuration"),
        at=_moment(form) if leg == CALLER else None,
    )


def machine(_request: CarrierRequest, form: Form) -> Events:
    """Answering-machine detection has decided, some time after the answer."""
    return (detected(form.text("CallSid"), form.text("AnsweredBy"), call_ids(form)),)


def detected(sid: str, word: str, ids: Mapping[str, str]) -> MachineDetected:
    """Who answered, in Twilio's word: the same fact from a callback and from a look-up."""
    return MachineDetected(
        key=f"machine:{sid}:{word}",
        carrier_ids=ids,
        kind=MACHINES.get(word, MachineKind.UNKNOWN),
        greeting_over=word in GREETING_OVER,
        raw=word,
    )


def stream(request: CarrierRequest, form: Form) -> Events:
    """Twilio's own view of the stream."""
    word, reason = form.text("StreamEvent"), form.text("StreamError")
    if word not in STREAM_STATES:
        return unrecognised(request, form)
    # Without the time: the last field of a form can be cut short, and that must not make another fact.
    key = f"stream:{form.text('StreamSid')}:{word}"
    return (StreamReported(key=key, leg="media", state=STREAM_STATES[word], reason=reason),)


def recording(request: CarrierRequest, form: Form) -> Events:
    """A recording runs, can be fetched, or came to nothing."""
    read = RECORDINGS.get(form.text("RecordingStatus"))
    return (read(form),) if read else unrecognised(request, form)


def _recording_runs(form: Form) -> CarrierEvent:
    name, channels = form.text("RecordingSid"), form.whole("RecordingChannels")
    return RecordingStarted(key=f"recording-started:{name}", recording=name, channels=channels)


def _recording_ready(form: Form) -> CarrierEvent:
    name, url = form.text("RecordingSid"), form.text("RecordingUrl")
    if not url:
        raise RequestRefused("a recording without its address", status=400)
    if not ends_with(url, name):
        raise RequestRefused("the address of a recording does not end with its id: cut anew")
    seconds, channels = form.whole("RecordingDuration"), form.whole("RecordingChannels")
    return recording_ready(name, url, seconds, channels)


def recording_ready(
    sid: str, url: str, seconds: int | None, channels: int | None
) -> RecordingReady:
    """A file that can be fetched."""
    return RecordingReady(
        key=f"recording:{sid}",
        recording=sid,
        url=with_channels(url, channels),
        duration_ms=None if seconds is None else seconds * 1000,
        channels=channels,
    )


def ends_with(url: str, recording: str) -> bool:
    """Whether an address is that of a recording: its id is the end, but for a file's type and a query.

    The signature would fit a shorter address too, with the rest of it made another field.
    """
    last = url.partition("?")[0].rpartition("/")[2]
    return last.partition(".")[0] == recording


def with_channels(url: str, channels: int | None) -> str:
    """The address of a file with as many channels as were recorded."""
    return f"{url}{BOTH_SIDES}" if channels == DUAL and "?" not in url else url


def _recording_failed(form: Form) -> CarrierEvent:
    fields = ("RecordingSid", "RecordingStatus", "ErrorCode")
    return recording_failed(*(form.text(field) for field in fields))


def recording_failed(sid: str, word: str, code: str) -> RecordingFailed:
    """A recording that came to nothing, and why."""
    told = RECORDING_FAULTS.get(code, f"error {code}" if code else "no reason given")
    reason = f"{sid} is {word}: {told}"
    return RecordingFailed(
        key=f"recording-failed:{sid}", recording=sid, reason=reason, absent=word == "absent"
    )


RECORDINGS: Mapping[str, Callable[[Form], CarrierEvent]] = MappingProxyType(
    {
        "in-progress": _recording_runs,
        "completed": _recording_ready,
        "absent": _recording_failed,
        "failed": _recording_failed,
    }
)
"""Twilio's RecordingStatus."""


def gathered(request: CarrierRequest, form: Form) -> Events:
    """Digits that a document asked for, of the caller or of a target; our reference tells the questions apart."""
    digits = form.text("Digits")
    fact = f"{form.text('CallSid')}:{request.reference or ''}:{digits}"
    leg = leg_of(request).name if form.text("ParentCallSid") else CALLER
    return (DigitsGathered(key=f"digits:{fact}", leg=leg, digits=digits),)


def accepted(request: CarrierRequest, form: Form) -> Events:
    """The key that a target was asked for, or another, or none."""
    digits, reference = form.text("Digits"), request.reference or ""
    key = f"accept:{form.text('CallSid')}:{reference}:{digits}"
    return (DigitsGathered(key=key, leg="target:1", digits=digits, transfer=reference),)


def nothing(_request: CarrierRequest, _form: Form) -> Events:
    """A request for a document that reports nothing."""
    return ()


def unrecognised(request: CarrierRequest, form: Form) -> Events:
    """A form that no table knows: kept and counted."""
    words = ("StatusCallbackEvent", "StreamEvent", "RecordingStatus", "CallStatus")
    name = form.text(*words) or "no status"
    return (
        Unrecognised(key=f"unrecognised:{form.text('CallSid')}:{request.kind}:{name}", name=name),
    )
