"""How each reported fact changes a call's record: pure functions in one table.

The same set of facts, in any order and with any repeats, ends in the same record: the status moves
by the table of `linecard.calls`, the earliest times are kept (a report comes later than what it tells
of), and an end is what all reports of it say together (`linecard.exchange.ends`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
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
SLACK = timedelta(seconds=5)
"""How far a carrier's clock may be from ours."""


def _ringing(call: Call, _event: CarrierEvent, _at: datetime) -> Changes:
    return {"status": advance(call.status, CallStatus.RINGING)}


def _answered(call: Call, event: CarrierEvent, at: datetime) -> Changes:
    """An answer that is told after the end was before it."""
    answered = _earliest(call.answered_at, call.ended_at, _when(call, event.at, at) or at)
    return {"status": advance(call.status, CallStatus.IN_PROGRESS), "answered_at": answered}


def _asked(call: Call, event: CarrierEvent, at: datetime) -> Changes:
    assert isinstance(event, AnswerRequested)
    answered = _answered(call, event, at) if event.answers else {}
    return answered | (_who(call, Detection(event.machine)) if event.machine else {})


def _detected(_call: Call, event: CarrierEvent, _at: datetime) -> Changes:
    """`event` is what counts of all that was said of it (`linecard.exchange.detections`)."""
    assert isinstance(event, MachineDetected)
    return _stands(event.detection)


def _who(call: Call, found: Detection) -> Changes:
    """Who answered, as it is told with the call itself, where nothing stronger is known."""
    return _stands(found) if found.outranks(call.detection) else {}


def _stands(found: Detection) -> Changes:
    return {
        "answered_by": found.kind,
        "answered_word": found.word,
        "greeting_over": found.greeting_over,
    }


def _ended(call: Call, event: CarrierEvent, at: datetime) -> Changes:
    """`event` is what all reports of the end say together; a stronger one may correct a weaker one."""
    assert isinstance(event, LegEnded)
    ended_at = _earliest(call.ended_at, _when(call, event.at, at) or at)
    return {
        "status": event.status if call.is_over else advance(call.status, event.status),
        "answered_at": _answered_before(call, event, ended_at, at),
        "ended_at": ended_at,
        "duration": call.duration if event.duration is None else event.duration,
        "cost": event.cost or call.cost,
        "end_reason": _our_reason(call) or event.reason or event.code or None,
    }


def _answered_before(
    call: Call, event: LegEnded, ended_at: datetime, at: datetime
) -> datetime | None:
    """When an ended call was answered: as the carrier says, or as long before its end as it lasted.

    The length is believed before our own observation only where the carrier tells the end's time as well.
    """
    said = _when(call, event.answered_at, at)
    is_told = _when(call, event.at, at) is not None or call.answered_at is None
    if said is None and event.duration and is_told:
        said = max(call.created_at, ended_at - timedelta(seconds=event.duration))
    known = [moment for moment in (call.answered_at, said) if moment]
    return _earliest(*known, ended_at) if known else None


def _when(call: Call, said: datetime | None, at: datetime) -> datetime | None:
    """The carrier's time, where it lies within the life of the call: clocks and zones can be wrong."""
    if said is None or not call.created_at - SLACK <= said <= at + SLACK:
        return None
    return min(max(said, call.created_at), at)


def _earliest(*moments: datetime | None) -> datetime:
    return min(moment for moment in moments if moment is not None)


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
