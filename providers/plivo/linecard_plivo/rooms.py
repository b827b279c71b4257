"""Forms about the room of a consultation, and about the calls that ring its targets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import (
    CallStatus,
    CarrierEvent,
    CarrierRequest,
    DigitsGathered,
    LegAnswered,
    LegEnded,
    RequestRefused,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_plivo.fields import Form
from linecard_plivo.hangups import SOURCES, end_of
from linecard_plivo.legs import CALLER, leg_of

Events = tuple[CarrierEvent, ...]

ENDS: Mapping[CallStatus, TransferResult] = MappingProxyType(
    {
        CallStatus.BUSY: TransferResult.BUSY,
        CallStatus.NO_ANSWER: TransferResult.NO_ANSWER,
        CallStatus.REJECTED: TransferResult.DECLINED,
        CallStatus.COMPLETED: TransferResult.DECLINED,
    }
)
"""What a consulted target's end means; one that answered and hung up before it met the caller has declined."""


def report(request: CarrierRequest, form: Form, name: str) -> Events:
    """Who has come into the room or left it; the end of a target's call."""
    if not form.text("CallUUID"):
        raise RequestRefused("the field 'CallUUID' is missing", status=400)
    word = form.text("ConferenceAction") or form.text("Event")
    if word == "enter":
        return (_entered(request, form, name),)
    if word == "Hangup" and name != CALLER:
        return _ended(request, form, name)
    if word in QUIET:
        return ()
    return (
        Unrecognised(key=f"room:{form.text('CallUUID')}:{word}", leg=name, name=word or "none"),
    )


QUIET = frozenset({"exit", "Ring", "StartApp"})


def _entered(request: CarrierRequest, form: Form, name: str) -> CarrierEvent:
    """The caller's coming connects the two; a target that has come is ready."""
    known = form.text("CallUUID")
    if name == CALLER:
        return LegAnswered(
            key=f"room:{form.text('ConferenceUUID')}:joined",
            leg="target:1",
            transfer=request.reference or "",
            bridged=True,
        )
    return LegAnswered(
        key=f"leg:{known}:ready",
        leg=name,
        carrier_ids={name: known},
        transfer=request.reference or "",
    )


def answered(request: CarrierRequest, form: Form) -> Events:
    """A target has answered and asks for its document."""
    known, name = form.text("CallUUID"), leg_of(request) or "target:1"
    return (
        LegAnswered(
            key=f"leg:{known}:answered",
            leg=name,
            carrier_ids={name: known},
            transfer=request.reference or "",
            ready=False,
        ),
    )


def accepted(request: CarrierRequest, form: Form) -> Events:
    """The key that a target was asked for, or another, or none."""
    digits, reference = form.text("Digits"), request.reference or ""
    key = f"accept:{form.text('CallUUID')}:{reference}:{digits}"
    return (DigitsGathered(key=key, leg="target:1", digits=digits, transfer=reference),)


def _ended(request: CarrierRequest, form: Form, name: str) -> Events:
    known, code = form.text("CallUUID"), form.text("HangupCauseCode")
    duration = form.whole("Duration")
    status, reason = end_of(code, form.text("CallStatus"), duration)
    end = LegEnded(
        key=f"leg:{known}:ended",
        leg=name,
        carrier_ids={name: known},
        status=status,
        reason=reason or form.text("HangupCauseName").lower(),
        code=code,
        ended_by=SOURCES.get(form.text("HangupSource"), ""),
        duration=duration,
        billed=form.whole("BillDuration"),
        cost=form.text("TotalCost") or None,
    )
    told = TransferReported(
        key=f"consulted:{known}",
        leg=name,
        transfer=request.reference or "",
        result=ENDS.get(status, TransferResult.FAILED),
    )
    return (end, told)


def left(request: CarrierRequest, form: Form) -> Events:
    """The caller has left the room, and waits for the next document."""
    reference = request.reference or ""
    return (
        TransferReported(
            key=f"left:{form.text('CallUUID')}:{reference}",
            transfer=reference,
            result=TransferResult.BRIDGED,
        ),
    )
