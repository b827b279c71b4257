"""Forms about the targets of a transfer: a Dial's action, each target's leg, and the room of a consultation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import (
    CallStatus,
    CarrierEvent,
    CarrierRequest,
    LegAnswered,
    LegEnded,
    RequestRefused,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_twilio.fields import Form
from linecard_twilio.legs import Leg, Rung, leg_of
from linecard_twilio.readings import CALLER, Events, ended, fact_of
from linecard_twilio.words import ENDED, LIVE, QUIET_ROOM, RESULTS

ENDS: Mapping[CallStatus, TransferResult] = MappingProxyType(
    {
        CallStatus.BUSY: TransferResult.BUSY,
        CallStatus.NO_ANSWER: TransferResult.NO_ANSWER,
        CallStatus.REJECTED: TransferResult.DECLINED,
    }
)
"""What a consulted target's end means for the transfer; any other is a failure."""


def dialled(request: CarrierRequest, form: Form) -> Events:
    """The dialling is over, or the caller has left the room; the caller waits for the next document."""
    reference = request.reference or ""
    fact = f"{form.text('CallSid')}:{reference}"
    over = TransferReported(
        key=f"dialled:{fact}",
        transfer=reference,
        result=_result(form.text("DialCallStatus"), form.text("DialBridged")),
    )
    return (*_bridged(form, reference, fact), over)


def _bridged(form: Form, reference: str, fact: str) -> Events:
    """Of a target that was spoken to first, nothing else tells that it was connected."""
    if form.text("DialBridged") != "true":
        return ()
    return (LegAnswered(key=f"bridged:{fact}", leg="target:1", transfer=reference, bridged=True),)


def _result(status: str, bridged: str) -> TransferResult:
    """A target that answered and was never connected has hung up while it was told who is calling."""
    result = RESULTS.get(status, TransferResult.FAILED)
    if status == "completed" and bridged == "false":
        return TransferResult.DECLINED
    return result


def leg(request: CarrierRequest, form: Form) -> Events:
    """A report of a target's leg, or of the room, which names no call where it is about none of its legs."""
    if form.text("StatusCallbackEvent") and form.text("ConferenceSid"):
        return _room(request, form)
    if not form.text("CallSid"):
        raise RequestRefused("the field 'CallSid' is missing", status=400)
    which, word = leg_of(request), form.text("CallStatus")
    if word in ENDED:
        return _ended(request, form, which)
    if word == "in-progress":
        return (_answered(request, form, which),)
    return () if word in LIVE else (_other(form, word),)


def _answered(request: CarrierRequest, form: Form, which: Leg) -> CarrierEvent:
    """Without a word before it, a dialled target is connected as soon as it answers; one that is asked
    is ready once it has come into the room."""
    is_asked = which.rung is Rung.ASKED
    return LegAnswered(
        key=f"leg:{form.text('CallSid')}:{'asked' if is_asked else 'answered'}",
        leg=which.name,
        carrier_ids={which.name: form.text("CallSid")},
        transfer=request.reference or "",
        bridged=which.rung is Rung.DIAL,
        ready=which.rung not in (Rung.WHISPER, Rung.ASKED),
    )


def _ended(request: CarrierRequest, form: Form, which: Leg) -> Events:
    """Of a Dial its action says what became of it; of a room nobody else does."""
    end = ended(form, which.name)
    if which.rung in (Rung.ROOM, Rung.ASKED):
        return (end, _given_up(request, end, which))
    return (end,)


def _given_up(request: CarrierRequest, end: LegEnded, which: Leg) -> CarrierEvent:
    """One that answered and hung up while it was asked has declined."""
    result = ENDS.get(end.status, TransferResult.FAILED)
    if which.rung is Rung.ASKED and end.status is CallStatus.COMPLETED:
        result = TransferResult.DECLINED
    return TransferReported(
        key=f"consulted:{end.key}",
        leg=end.leg,
        transfer=request.reference or "",
        result=result,
    )


def _room(request: CarrierRequest, form: Form) -> Events:
    """The room's label is the leg's name. The caller's joining connects the two; a target that joins is ready."""
    word, label = form.text("StatusCallbackEvent"), form.text("ParticipantLabel")
    if word in QUIET_ROOM:
        return ()
    if word != "participant-join":
        return (_other(form, word),)
    if label != CALLER:
        return (_ready(request, form, label),) if label else ()
    return (
        LegAnswered(
            key=f"room:{form.text('ConferenceSid')}:joined",
            leg="target:1",
            transfer=request.reference or "",
            bridged=True,
        ),
    )


def _ready(request: CarrierRequest, form: Form, label: str) -> CarrierEvent:
    """The same fact as the answer of a target that is not asked anything: whichever is told first."""
    sid = form.text("CallSid")
    return LegAnswered(
        key=f"leg:{sid}:answered",
        leg=label,
        carrier_ids={label: sid},
        transfer=request.reference or "",
    )


def _other(form: Form, word: str) -> CarrierEvent:
    name = word or "no status"
    return Unrecognised(key=f"leg:{fact_of(form)}:{name}", leg="target:1", name=name)
