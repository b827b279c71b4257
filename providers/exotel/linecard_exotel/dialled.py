"""Requests about the targets of a Connect applet, sent to its `dial_passthru_event_url`.

Exotel tells `Dial` and `Terminal` for every target; `Ringing` and `Answered` once its support has
switched them on for the account (Exotel: answered event in the CRM). `Terminal` says only that the
target is free again, not how it went, unless a DialCallStatus is beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from linecard import (
    CallStatus,
    CarrierRequest,
    LegAnswered,
    LegEnded,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_exotel.fields import SEVERAL, Form
from linecard_exotel.readings import Events
from linecard_exotel.statuses import ENDS, RESULTS

FIRST = "target:1"
"""Exotel does not count targets: which of several it is, their numbers would have to tell."""


def leg(request: CarrierRequest, form: Form, _country: str) -> Events:
    """A target is rung, has answered, or is over."""
    read = EVENTS.get(form.word("EventType"), _by_status)
    return read(request, form)


def _key(form: Form, fact: str) -> str:
    return f"leg:{form.sid()}:{form.text('DialWhomNumber')}:{fact}"


def _answered(request: CarrierRequest, form: Form) -> Events:
    """Connect puts the target through as it answers: there is no moment between."""
    return (
        LegAnswered(
            key=f"{_key(form, 'answered')}:{request.reference or ''}",
            leg=FIRST,
            transfer=request.reference or "",
            bridged=True,
        ),
    )


def _quiet(_request: CarrierRequest, _form: Form) -> Events:
    return ()


def _terminal(request: CarrierRequest, form: Form) -> Events:
    word = form.word("DialCallStatus")
    over = LegEnded(
        key=f"{_key(form, 'ended')}:{request.reference or ''}",
        leg=FIRST,
        status=ENDS.get(word, CallStatus.COMPLETED),
        reason=word,
        duration=form.whole("DialCallDuration"),
    )
    result = RESULTS.get(word)
    if result is None or (form.text(SEVERAL) and result is not TransferResult.BRIDGED):
        # One of several did not answer: that all of them did not, the second Voicebot tells.
        return (over,)
    told = TransferReported(
        key=f"{_key(form, 'result')}:{request.reference or ''}",
        leg=FIRST,
        transfer=request.reference or "",
        result=result,
    )
    return (*_bridged(request, form, result), over, told)


def _bridged(request: CarrierRequest, form: Form, result: TransferResult) -> Events:
    return _answered(request, form) if result is TransferResult.BRIDGED else ()


def _by_status(request: CarrierRequest, form: Form) -> Events:
    """Without a known EventType: `busy` is a target that is rung, `free` one that is over."""
    event, status = form.text("EventType"), form.word("Status")
    if not event and status in STATUSES:
        return STATUSES[status](request, form)
    name = event or status or "no EventType"
    return (Unrecognised(key=_key(form, f"unrecognised:{name}"), leg=FIRST, name=name),)


Read = Callable[[CarrierRequest, Form], Events]
STATUSES: Mapping[str, Read] = MappingProxyType({"busy": _quiet, "free": _terminal})
EVENTS: Mapping[str, Read] = MappingProxyType(
    {"dial": _quiet, "ringing": _quiet, "answered": _answered, "terminal": _terminal}
)
"""Exotel's EventType of a Connect applet."""
