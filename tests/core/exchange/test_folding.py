from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from linecard import (
    AnswerRequested,
    Call,
    CallRated,
    CallRinging,
    CallStatus,
    CarrierEvent,
    Direction,
    LegEnded,
)
from linecard.exchange.chronicle import event_facts, event_name
from linecard.exchange.folding import changes

AT = datetime(2026, 11, 1, tzinfo=UTC)
CALL = Call(
    id="c",
    provider="acme",
    account="main",
    direction=Direction.OUTBOUND,
    from_="+14155550100",
    to="+14155550123",
    number="+14155550100",
    agent="echo",
    profile="p",
    status=CallStatus.DIALING,
    created_at=AT,
)
RINGING = CallRinging(key="r")
ANSWERED = AnswerRequested(
    key="a", direction=Direction.OUTBOUND, from_="+14155550100", to="+14155550123"
)
ENDED = LegEnded(key="e", status=CallStatus.COMPLETED, reason="done", duration=9, cost="0.02")
OTHER_LEG = LegEnded(key="t", leg="target:1", status=CallStatus.BUSY, cost="0.01")


def _fold(call: Call, events: tuple[CarrierEvent, ...]) -> Call:
    for number, event in enumerate(events):
        call = replace(call, **changes(call, event, AT + timedelta(seconds=number)))
    return call


def test_every_order_ends_in_the_same_record() -> None:
    results = {
        (call.status, call.duration, call.cost, call.end_reason)
        for order in permutations((RINGING, ANSWERED, ENDED, OTHER_LEG))
        for call in [_fold(CALL, order)]
    }
    assert results == {(CallStatus.COMPLETED, 9, "0.02", "done")}


def test_another_leg_moves_nothing() -> None:
    assert changes(CALL, OTHER_LEG, AT) == {}


def test_a_repeat_says_nothing_new() -> None:
    call = _fold(CALL, (RINGING, ANSWERED, ENDED))
    assert changes(call, ENDED, AT + timedelta(hours=1)) == {}


def test_a_record_line_hides_digits_and_addresses() -> None:
    assert event_name(ENDED) == "leg-ended"
    assert event_facts(ENDED) == {
        "leg": "caller",
        "status": CallStatus.COMPLETED,
        "reason": "done",
        "duration": 9,
        "cost": "0.02",
    }


RATED = CallRated(key="p", cost="0.03")


def test_a_later_price_counts_where_there_was_none() -> None:
    free = replace(ENDED, cost=None)
    for order in permutations((RINGING, ANSWERED, free, RATED)):
        assert _fold(CALL, order).cost == "0.03"
    assert _fold(CALL, (ENDED, RATED)).cost == "0.02"


def test_a_price_of_another_leg_or_in_another_currency_is_not_the_calls() -> None:
    assert changes(CALL, replace(RATED, leg="target:1"), AT) == {}
    assert changes(CALL, replace(RATED, cost=None, price="2", currency="INR"), AT) == {}
