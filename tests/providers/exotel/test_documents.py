"""What the applets of a flow are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.providers.exotel.values import (
    HUMAN,
    OURS,
    PASSWORD,
    USER,
    VOICEBOT,
    call,
    cleared,
    guarded,
    settings,
)

from linecard import (
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Reason,
    Record,
    Redirect,
    Reject,
    Reply,
    Ring,
    Say,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard_exotel import documents

SOCKET = "wss://voice.example.com/ws/exotel/TOKEN"
STREAM = Stream(url=SOCKET, status_url="https://voice.example.com/s", profile=VOICEBOT)
TAIL = Redirect(url="https://voice.example.com/exotel/dial-up?k=next")
LEG_URL = "https://voice.example.com/exotel/callback/transfer?c=1&k=leg&x=t&t=t"


def dial(**more: Any) -> Dial:
    given: dict[str, Any] = {
        "targets": (cleared(HUMAN),),
        "caller_id": OURS,
        "ring_seconds": 25,
        "max_seconds": 1800,
        "action_url": "https://voice.example.com/exotel/callback/transfer?k=dialed",
        "callback_url": LEG_URL,
    }
    return Dial(**(given | more))


def write(verbs: list[Verb], reason: Reason, **more: Any) -> Reply:
    return documents.write(settings(), call(**more), verbs, reason)


def body(reply: Reply) -> Any:
    assert reply.content_type == "application/json"
    return json.loads(reply.body)


def test_a_voicebot_is_told_the_address_of_the_stream() -> None:
    reply = write([STREAM, TAIL], Reason.ANSWER)
    assert (reply.status, body(reply)) == (200, {"url": SOCKET})


def test_the_address_carries_the_webhook_user_where_there_is_one() -> None:
    reply = documents.write(guarded(), call(), [STREAM, TAIL], Reason.ANSWER)
    assert body(reply) == {"url": f"wss://{USER}:{PASSWORD}@voice.example.com/ws/exotel/TOKEN"}


@pytest.mark.parametrize("verbs", [[Reject()], [Reject(busy=True)], [Hangup()]])
def test_what_a_voicebot_cannot_be_told_makes_the_flow_go_on(verbs: list[Verb]) -> None:
    reply = write(verbs, Reason.ANSWER)
    assert (reply.status, body(reply)) == (404, {})
    assert documents.write(settings(), None, verbs, Reason.ANSWER) == reply


@pytest.mark.parametrize(
    ("verbs", "status"),
    [
        ([dial()], 200),
        ([STREAM, TAIL], 200),
        ([Hangup()], 302),
        ([Reject()], 302),
    ],
)
def test_a_passthru_reads_the_status_alone(verbs: list[Verb], status: int) -> None:
    reply = write(verbs, Reason.NEXT)
    assert (reply.status, reply.body) == (status, b"")


def test_a_connect_applet_is_told_whom_to_ring() -> None:
    recorded = write([dial()], Reason.TRANSFER, record=True, record_after_transfer=True)
    assert body(recorded) == {
        "fetch_after_attempt": False,
        "destination": {"numbers": [HUMAN]},
        "outgoing_phone_number": "08047113155",
        "record": True,
        "recording_channels": "dual",
        "max_ringing_duration": 25,
        "max_conversation_duration": 1800,
        "music_on_hold": {"type": "operator_tone"},
        "dial_passthru_event_url": LEG_URL,
    }


def test_a_conversation_is_always_limited() -> None:
    document = body(write([dial(max_seconds=14_400)], Reason.TRANSFER))
    assert document["max_conversation_duration"] == 3_540
    assert document["record"] is False
    assert body(write([dial()], Reason.TRANSFER, record=True))["record"] is False


def test_several_targets_ring_at_once() -> None:
    targets = tuple(cleared(f"+9198123456{last}") for last in range(70, 77))
    document = body(write([dial(targets=targets)], Reason.TRANSFER))
    assert len(document["destination"]["numbers"]) == 7
    assert document["dial_passthru_event_url"] == f"{LEG_URL}&of=7"
    assert document["parallel_ringing"] == {"activate": True, "max_parallel_attempts": 5}


@pytest.mark.parametrize(
    "more",
    [
        {"whisper_url": "https://h/w"},
        {"accept_key": "1"},
        {"targets": (cleared("sip:desk@pbx.example"),)},
    ],
)
def test_what_connect_cannot_do_with_a_target_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedByProvider):
        write([dial(**more)], Reason.TRANSFER)


@pytest.mark.parametrize("verbs", [[STREAM, TAIL], [Hangup()], [Reject()]])
def test_nobody_is_rung_where_there_is_nobody_to_ring(verbs: list[Verb]) -> None:
    assert body(write(verbs, Reason.TRANSFER)) == {"destination": {"numbers": []}}


@pytest.mark.parametrize(
    "verbs",
    [
        [],
        [Record(callback_url="https://h/r", max_seconds=1), STREAM],
        [Play(url="https://h/x.wav")],
        [Gather(action_url="https://h/g")],
        [Ring(seconds=1)],
        [Pause(seconds=1)],
        [Say(text="sorry"), Hangup()],
        [TAIL],
        [STREAM, dial()],
        [STREAM, Pause(seconds=1)],
    ],
)
@pytest.mark.parametrize("reason", [Reason.ANSWER, Reason.NEXT, Reason.TRANSFER])
def test_what_no_applet_can_do_is_refused(verbs: list[Verb], reason: Reason) -> None:
    with pytest.raises(UnsupportedByProvider):
        write(verbs, reason)


def test_a_voicebot_cannot_dial() -> None:
    with pytest.raises(UnsupportedByProvider):
        write([dial()], Reason.ANSWER)


@pytest.mark.parametrize("reason", [Reason.GATHERED, Reason.FALLBACK])
def test_documents_that_exotel_never_asks_for(reason: Reason) -> None:
    with pytest.raises(UnsupportedByProvider):
        write([Hangup()], reason)
