"""How each reported fact changes a call's record: pure functions in one table.

The same set of facts, in any order and with any repeats, ends in the same record: the status moves
by the table of `linecard.calls`, first times are kept, and facts of an end are filled in once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from linecard.calls import Call, CallStatus, Detection, advance
from linecard.events import (
    CALLER,
    AnswerRequested,
    CallAnswered,
    CallRated,
    CallRinging,
    CarrierEvent,
    LegEnded,
    MachineDetected,
)
from linecard.exchange.reasons import TELLING

Changes = dict[str, Any]


def _ringing(call: Call, _event: CarrierEvent, _at: datetime) -> Changes:
    return {"status": advance(call.status, CallStatus.RINGING)}


def _answered(call: Call, _event: CarrierEvent, at: datetime) -> Changes:
    return {
        "status": advance(call.status, CallStatus.IN_PROGRESS),
        "answered_at": call.answered_at or at,
    }


def _asked(call: Call, event: CarrierEvent, at: datetime) -> Changes:
    assert isinstance(event, AnswerRequested)
    answered = _answered(call, event, at) if event.answers else {}
    return answered | (_who(call, Detection(event.machine)) if event.machine else {})


def _detected(call: Call, event: CarrierEvent, _at: datetime) -> Changes:
    assert isinstance(event, MachineDetected)
    return _who(call, event.detection)


def _who(call: Call, found: Detection) -> Changes:
    """Who answered: of contradicting reports the one that outranks the other, whichever came first."""
    if not found.outranks(call.detection):
        return {}
    return {
        "answered_by": found.kind,
        "answered_word": found.word,
        "greeting_over": found.greeting_over,
    }


def _ended(call: Call, event: CarrierEvent, at: datetime) -> Changes:
    assert isinstance(event, LegEnded)
    return {
        "status": advance(call.status, event.status),
        "ended_at": call.ended_at or at,
        "duration": event.duration if call.duration is None else call.duration,
        "cost": call.cost or event.cost,
        "end_reason": call.end_reason or _our_reason(call) or event.reason or event.code or None,
    }


def _rated(call: Call, event: CarrierEvent, _at: datetime) -> Changes:
    """A price that came with the end counts; this one where there was none."""
    assert isinstance(event, CallRated)
    return {"cost": call.cost or event.cost}


def _our_reason(call: Call) -> str | None:
    """Why we ended a call, where the carrier would call it a normal end and it was not."""
    return call.closing if call.closing in TELLING else None


FOLDS: Mapping[type[CarrierEvent], Callable[[Call, CarrierEvent, datetime], Changes]] = (
    MappingProxyType(
        {
            CallRinging: _ringing,
            AnswerRequested: _asked,
            CallAnswered: _answered,
            MachineDetected: _detected,
            LegEnded: _ended,
            CallRated: _rated,
        }
    )
)


def changes(call: Call, event: CarrierEvent, at: datetime) -> Changes:
    """What an event changes in a call; empty where it concerns another leg or says nothing new."""
    fold = FOLDS.get(type(event))
    if fold is None or event.leg != CALLER:
        return {}
    return {
        name: value for name, value in fold(call, event, at).items() if getattr(call, name) != value
    }
