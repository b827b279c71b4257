"""Requests about the caller's leg: the applets of a flow, and the StatusCallback of a dial."""

from __future__ import annotations

import re
from hashlib import sha256

from linecard import (
    CALLER,
    AnswerRequested,
    CallAnswered,
    CallRinging,
    CallStatus,
    CarrierEvent,
    CarrierRequest,
    Direction,
    InvalidField,
    LegEnded,
    MachineDetected,
    RecordingReady,
    RequestRefused,
    StreamReported,
    Unrecognised,
)
from linecard_exotel.e164 import read_number
from linecard_exotel.fields import Form, file_name
from linecard_exotel.moments import moment
from linecard_exotel.statuses import DIRECTIONS, ENDED_BY, GOING_ON, MACHINES, end_of, length_of

Events = tuple[CarrierEvent, ...]

OUR_ID = re.compile(r"[0-9a-f]{16,32}")
"""What our own call ids look like; a CustomField of another shape is somebody else's."""
RECORDING_URL = re.compile(r"https?://[!-~]{1,2000}")
TRIAL_OF_LENGTH = 12


def our_call(form: Form) -> str | None:
    """Our own call id, as the dial gave it."""
    tag = form.text("CustomField")
    return tag if OUR_ID.fullmatch(tag) else None


def answer(_request: CarrierRequest, form: Form, country: str) -> Events:
    """The Voicebot applet asks for a stream: a call has come in, or one that goes out has been answered.

    CallTo is the ExoPhone and CallFrom the other party, whoever called. `To` is a number of Exotel's
    that stands for nothing, and is not read.
    """
    ours, theirs = _exophone(form, country), read_number(form.text("CallFrom"), "from", country)
    goes_out = _direction(form) is Direction.OUTBOUND
    return (
        AnswerRequested(
            key=f"answer:{form.sid()}",
            carrier_ids={"call_sid": form.sid()},
            direction=_direction(form),
            from_=ours if goes_out else theirs,
            to=(theirs or ours) if goes_out else ours,
        ),
    )


def _direction(form: Form) -> Direction:
    """Where Exotel leaves the word out, our tag tells a call that we have dialled."""
    guessed = Direction.OUTBOUND if our_call(form) else Direction.INBOUND
    return DIRECTIONS.get(form.word("Direction"), guessed)


def _exophone(form: Form, country: str) -> str:
    try:
        number = read_number(form.text("CallTo"), "to", country)
    except InvalidField:
        number = None
    if number is None:
        raise RequestRefused("the field 'CallTo' is not a telephone number", status=400)
    return number


def nothing(_request: CarrierRequest, _form: Form, _country: str) -> Events:
    """A request for a document that reports nothing."""
    return ()


def after_stream(_request: CarrierRequest, form: Form, _country: str) -> Events:
    """The Passthru applet after a Voicebot: how its stream ended, and with it perhaps the call.

    Where the caller left, the call is over; where we closed the socket, it is in our hands.
    """
    return (*_stream(form), *recording_ready(form.stream.get("RecordingUrl", "")), *_left(form))


def _stream(form: Form) -> Events:
    """Error is right where Status contradicts it (Exotel: errors of streams)."""
    if not form.stream:
        return ()
    name, error = form.stream.get("StreamSID", ""), form.stream.get("Error", "")
    state = "failed" if error or form.stream.get("Status", "").lower() == "failed" else "stopped"
    reason = error or form.stream.get("DetailedStatus") or form.stream.get("DisconnectedBy", "")
    key = f"stream:{name or form.sid()}:{state}"
    return (StreamReported(key=key, state=state, reason=reason),)


def _left(form: Form) -> Events:
    who = form.stream.get("DisconnectedBy", "").lower()
    if ENDED_BY.get(who) != "caller" and form.word("CallType") != "client-hangup":
        return ()
    return (
        LegEnded(
            key=f"left:{form.sid()}",
            carrier_ids={"call_sid": form.sid()},
            status=CallStatus.COMPLETED,
            reason=str(CallStatus.COMPLETED),
            ended_by="caller",
        ),
    )


def ended(_request: CarrierRequest, form: Form, _country: str) -> Events:
    """The StatusCallback of a dial: once without an EventType, or once for every event asked for."""
    word, event = form.word("Status"), form.word("EventType")
    read = {"answered": _answered, "ringing": _ringing}.get(event, _over)
    return read(form, event, word)


def _answered(form: Form, _event: str, _word: str) -> Events:
    return (CallAnswered(key=f"answered:{form.sid()}", carrier_ids={"call_sid": form.sid()}),)


def _ringing(form: Form, _event: str, _word: str) -> Events:
    return (CallRinging(key=f"ringing:{form.sid()}", carrier_ids={"call_sid": form.sid()}),)


def _over(form: Form, event: str, word: str) -> Events:
    if event not in ("", "terminal") or word in GOING_ON or not word:
        name = event or word or "no EventType"
        return (Unrecognised(key=f"unrecognised:{form.sid()}:{event}:{word}", name=name),)
    seconds = length_of(word, _seconds(form))
    end = LegEnded(
        key=f"ended:{form.sid()}:terminal:{word}",
        carrier_ids={"call_sid": form.sid()},
        status=end_of(word, seconds),
        reason=word,
        duration=seconds,
        at=moment(form.text("EndTime", "DateUpdated"), form.zone),
    )
    return (
        *_machine(form),
        end,
        *recording_ready(form.text("PreSignedRecordingUrl", "RecordingUrl")),
    )


def _seconds(form: Form) -> int | None:
    """How long the caller's leg was up; ConversationDuration where the legs say nothing.

    Durations come from durations alone: Exotel's times are in a zone of the account's own.
    """
    lengths = [leg.get("OnCallDuration", "") for leg in form.legs[:1]]
    whole = [int(text) for text in lengths if text.isdecimal() and len(text) < TRIAL_OF_LENGTH]
    return whole[0] if whole else form.whole("ConversationDuration")


def _machine(form: Form) -> Events:
    """Who answered, which Exotel tells only after the call: of a second leg, hardly ever of the first."""
    first = form.legs[0].get("AnsweredBy", "") if form.legs else ""
    said = [(CALLER, form.text("AnsweredBy") or first)]
    said += [
        (f"target:{place}", leg.get("AnsweredBy", ""))
        for place, leg in enumerate(form.legs[1:], start=1)
    ]
    return tuple(
        MachineDetected(
            key=f"machine:{form.sid()}:{leg}:{word.lower()}",
            leg=leg,
            kind=MACHINES[word.lower()],
            raw=word,
        )
        for leg, word in said
        if word.lower() in MACHINES
    )


def recording_ready(url: str) -> Events:
    """A file to fetch; Exotel has it one to fifteen minutes after the call."""
    if not RECORDING_URL.fullmatch(url):
        return ()
    name = file_name(url) or sha256(url.encode()).hexdigest()[:32]
    return (RecordingReady(key=f"recording:{name}", recording=name, url=url),)


def unrecognised(request: CarrierRequest, form: Form, _country: str) -> Events:
    """A request that no table knows: kept and counted."""
    name = form.text("EventType", "Status") or "no EventType"
    return (Unrecognised(key=f"unrecognised:{form.sid()}:{request.kind}:{name}", name=name),)
