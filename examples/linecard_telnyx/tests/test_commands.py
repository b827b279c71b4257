"""Verbs as commands: their order, what each waits for, and what is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from linecard import (
    Call,
    CallAnswered,
    CallStatus,
    Command,
    Dial,
    Direction,
    Gather,
    Hangup,
    PromptEnded,
    Reason,
    Record,
    Redirect,
    Reject,
    Say,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard.outbound.gate import Gate
from linecard_telnyx.commands import commands
from linecard_telnyx.facts import PROFILES
from linecard_telnyx.rest import Rest

CALL = Call(
    id="c-1",
    provider="telnyx",
    account="main",
    direction=Direction.INBOUND,
    from_="+14155550123",
    to="+14155550100",
    number="+14155550100",
    agent="echo",
    profile="at-answer",
    status=CallStatus.IN_PROGRESS,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    carrier_ids={"call_control_id": "v3:1"},
)
GATE = Gate(countries=frozenset({"US"}), transfer_allow=("+1*",))
STREAM = Stream(url="wss://us/ws/telnyx/t", status_url="https://us/status", profile=PROFILES[0])
TAIL = Redirect(url="https://us/next")
DIAL = Dial(
    targets=(GATE.clear_target("+14155550177", ()),),
    caller_id="+14155550100",
    ring_seconds=25,
    max_seconds=600,
    action_url="https://us/dialed",
    callback_url="https://us/leg",
)


def made(
    verbs: Sequence[Verb], reason: Reason = Reason.ANSWER, call: Call = CALL
) -> tuple[Command, ...]:
    return commands(Rest.__new__(Rest), call, verbs, reason)


def names(verbs: Sequence[Verb], reason: Reason = Reason.ANSWER, call: Call = CALL) -> list[str]:
    return [one.name for one in made(verbs, reason, call)]


def test_a_parked_call_is_answered_first_and_the_rest_waits_for_that() -> None:
    record = Record(callback_url="https://us/recorded", max_seconds=60)
    first, *others = made([record, STREAM, TAIL])
    assert (first.name, first.wait_for) == ("answer", CallAnswered)
    assert first.undo is not None
    assert first.undo.name == "hangup"
    assert [one.name for one in others] == ["record_start", "streaming_start"]


def test_what_needs_no_answer_gives_none() -> None:
    assert names([Reject(busy=True)]) == ["reject"]
    assert names([Hangup()]) == ["hangup"]


def test_a_call_that_is_answered_already_is_not_answered_again() -> None:
    assert names([STREAM, TAIL], Reason.NEXT) == ["streaming_start"]
    outbound = replace(CALL, direction=Direction.OUTBOUND)
    assert names([STREAM, TAIL], Reason.ANSWER, outbound) == ["streaming_start"]


def test_an_apology_is_heard_before_the_call_ends() -> None:
    say, hang_up = made([Say(text="Sorry."), Hangup()], Reason.NEXT)
    assert (say.name, say.wait_for, hang_up.name) == ("speak", PromptEnded, "hangup")


def test_a_dial_is_a_transfer() -> None:
    assert names([DIAL], Reason.NEXT) == ["transfer"]


@pytest.mark.parametrize(
    "verb",
    [
        TAIL,
        Gather(action_url="https://us/gathered"),
        replace(DIAL, targets=DIAL.targets * 2),
        replace(DIAL, whisper_url="https://us/whisper"),
    ],
)
def test_what_cannot_be_commanded_is_said_and_not_left_out(verb: Verb) -> None:
    with pytest.raises(UnsupportedByProvider):
        made([verb], Reason.NEXT)
