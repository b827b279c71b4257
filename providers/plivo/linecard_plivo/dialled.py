"""Forms about the targets of a Dial: its action (the result), and its callback (each target's leg).

A target's hang-up code and cost come to the callback alone (Plivo: XML reference, Dial).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from linecard import (
    CarrierEvent,
    CarrierRequest,
    LegAnswered,
    LegEnded,
    RequestRefused,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_plivo import rooms
from linecard_plivo.fields import Form
from linecard_plivo.hangups import SOURCES, end_of
from linecard_plivo.legs import CALLER, leg_of

Events = tuple[CarrierEvent, ...]

RESULTS: Mapping[str, TransferResult] = MappingProxyType(
    {
        "completed": TransferResult.BRIDGED,
        "busy": TransferResult.BUSY,
        "no-answer": TransferResult.NO_ANSWER,
        "timeout": TransferResult.NO_ANSWER,
        "cancel": TransferResult.FAILED,
        "failed": TransferResult.FAILED,
    }
)
"""Plivo's DialStatus."""
CAUSES: Mapping[str, TransferResult] = MappingProxyType(
    {
        "CALL_REJECTED": TransferResult.DECLINED,
        "USER_BUSY": TransferResult.BUSY,
        "NO_ANSWER": TransferResult.NO_ANSWER,
        "NO_USER_RESPONSE": TransferResult.NO_ANSWER,
    }
)
"""Plivo's DialHangupCause, where it says more than the DialStatus of a dial that failed."""


def call_ids(form: Form) -> Mapping[str, str]:
    """The id of the caller's leg; a target's never stands for the call."""
    own = form.text("DialALegUUID")
    return {"call_uuid": own} if own else {}


def dialled(request: CarrierRequest, form: Form) -> Events:
    """The dialling is over, or the caller has left the room; the caller waits for the next document."""
    if form.text("ConferenceName"):
        return rooms.left(request, form)
    if not form.text("DialStatus"):
        raise RequestRefused("the field 'DialStatus' is missing", status=400)
    reference = request.reference or ""
    return (
        TransferReported(
            key=f"dialled:{form.text('DialALegUUID', 'CallUUID')}:{reference}",
            transfer=reference,
            result=_result(form),
        ),
    )


def _result(form: Form) -> TransferResult:
    """One that answered, was asked for the key and was not connected did not press it."""
    status, cause = form.text("DialStatus"), form.text("DialHangupCause")
    if status == "no-answer" and form.text("DialBLegUUID"):
        return TransferResult.VOICEMAIL
    result = RESULTS.get(status, TransferResult.FAILED)
    return result if result is TransferResult.BRIDGED else CAUSES.get(cause, result)


def leg(request: CarrierRequest, form: Form) -> Events:
    """A target's leg has answered, was connected with the caller, or has ended."""
    of_room = leg_of(request) or (CALLER if form.text("ConferenceAction") else None)
    if of_room is not None:
        return rooms.report(request, form, of_room)
    if not form.text("DialBLegUUID"):
        raise RequestRefused("the field 'DialBLegUUID' is missing", status=400)
    read = ACTIONS.get(form.text("DialAction", "Event"), _other)
    return (read(request, form, _name(form), form.text("DialBLegUUID")),)


def _name(form: Form) -> str:
    return f"target:{form.text('DialBLegPosition') or 1}"


def _answered(request: CarrierRequest, _form: Form, name: str, target: str) -> CarrierEvent:
    return LegAnswered(
        key=f"leg:{target}:answered",
        leg=name,
        carrier_ids={name: target},
        transfer=request.reference or "",
    )


def _connected(request: CarrierRequest, _form: Form, name: str, target: str) -> CarrierEvent:
    return LegAnswered(
        key=f"leg:{target}:connected",
        leg=name,
        carrier_ids={name: target},
        transfer=request.reference or "",
        bridged=True,
    )


def _ended(_request: CarrierRequest, form: Form, name: str, target: str) -> CarrierEvent:
    code = form.text("DialBLegHangupCauseCode", "HangupCauseCode")
    duration = form.whole("DialBLegDuration")
    status, reason = end_of(code, form.text("DialBLegStatus"), duration)
    return LegEnded(
        key=f"leg:{target}:ended",
        leg=name,
        carrier_ids={name: target},
        status=status,
        reason=reason or form.text("DialBLegHangupCauseName", "HangupCauseName").lower(),
        code=code,
        ended_by=SOURCES.get(form.text("DialBLegHangupSource", "HangupSource"), ""),
        duration=duration,
        billed=form.whole("DialBLegBillDuration"),
        cost=form.text("DialBLegTotalCost") or None,
    )


def _other(_request: CarrierRequest, form: Form, name: str, target: str) -> CarrierEvent:
    action = form.text("DialAction", "Event") or "no DialAction"
    fact = f"{action}:{form.text('DialDigitsMatch')}"
    return Unrecognised(
        key=f"leg:{target}:{fact}", leg=name, carrier_ids={name: target}, name=action
    )


Read = Callable[[CarrierRequest, Form, str, str], CarrierEvent]
ACTIONS: Mapping[str, Read] = MappingProxyType(
    {
        "answer": _answered,
        "DialAnswer": _answered,
        "connected": _connected,
        "DialConnected": _connected,
        "hangup": _ended,
        "DialHangup": _ended,
    }
)
"""Plivo's DialAction, and its Event where that is missing."""
