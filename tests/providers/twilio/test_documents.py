"""TwiML, read back by another parser than the one that wrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from linecard import (
    Call,
    CallStatus,
    Cleared,
    Conference,
    Dial,
    Direction,
    Gather,
    Hangup,
    InvalidField,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Ring,
    Say,
    Stream,
    UnsupportedByProvider,
    Verb,
)
from linecard.outbound.gate import Gate
from linecard_twilio.documents import setting_of, write
from linecard_twilio.facts import PROFILES

DOCUMENT_RULES = "#ct=2000&rt=4000&rc=2&rp=ct,rt,5xx"
CALLBACK_RULES = "#rc=5&rp=ct,rt,5xx"
URL = "https://voice.example.com/twilio/dial-up?a=main&c=1&k=next&t=x"
SOCKET = "wss://voice.example.com/ws/twilio/token.x"


def cleared(address: str) -> Cleared:
    gate = Gate(countries=frozenset({"US", "IN"}), transfer_allow=("sip:*@cc.example.com", "+*"))
    return gate.clear_target(address, ())


def call(**options: object) -> Call:
    return Call(
        id="c1",
        provider="twilio",
        account="main",
        direction=Direction.INBOUND,
        from_=None,
        to="+14155550199",
        number="+14155550199",
        agent="echo",
        profile="pcmu-8000",
        status=CallStatus.RINGING,
        created_at=datetime.now(UTC),
        options=options,
    )


def tree(*verbs: Verb, of: Call | None = None) -> Any:
    reply = write(verbs, setting_of(of or call()))
    assert (reply.status, reply.content_type) == (200, "application/xml")
    root = etree.fromstring(reply.body)
    assert root.tag == "Response"
    return root


def one(verb: Verb) -> Any:
    (element,) = tree(verb)
    return element


def stream(**options: object) -> Stream:
    return Stream(url=SOCKET, status_url=URL, profile=PROFILES[0], options=options)


def test_a_stream_and_the_tail_behind_it_are_one_element() -> None:
    (connect,) = tree(stream(), Redirect(url=URL))
    assert connect.tag == "Connect"
    assert dict(connect.attrib) == {"action": URL + DOCUMENT_RULES, "method": "POST"}
    (element,) = connect
    assert element.tag == "Stream"
    assert dict(element.attrib) == {
        "url": SOCKET,
        "statusCallback": URL,
        "statusCallbackMethod": "POST",
    }
    (parameter,) = element
    assert dict(parameter.attrib) == {"name": "call", "value": "c1"}


def test_only_the_redirect_right_behind_a_stream_is_its_tail() -> None:
    connect, say, redirect = tree(stream(), Say(text="x"), Redirect(url=URL))
    assert dict(connect.attrib) == {}
    assert (say.tag, redirect.tag) == ("Say", "Redirect")
    connect, again = tree(stream(), Redirect(url=URL), Redirect(url=f"{URL}2"))
    assert again.text == f"{URL}2{DOCUMENT_RULES}"
    (alone,) = tree(Redirect(url=URL))
    assert (alone.tag, alone.get("method")) == ("Redirect", "POST")


def test_parameters_of_the_number_go_with_the_stream() -> None:
    (connect,) = tree(stream(stream_parameters={"tenant": "a&b", "empty": ""}))
    given = {p.get("name"): p.get("value") for p in connect[0]}
    assert given == {"tenant": "a&b", "empty": "", "call": "c1"}


def test_a_query_in_a_streams_address_would_be_lost() -> None:
    with pytest.raises(InvalidField, match="query"):
        tree(Stream(url=f"{SOCKET}?x=1", status_url=URL, profile=PROFILES[0]))


@pytest.mark.parametrize("channels", ["dual", "mono"])
def test_a_recording_runs_beside_the_rest(channels: str) -> None:
    verb = Record(callback_url=URL, max_seconds=60)
    start, connect = tree(verb, stream(), of=call(recording_channels=channels))
    assert (start.tag, connect.tag) == ("Start", "Connect")
    (recording,) = start
    assert recording.tag == "Recording"
    assert dict(recording.attrib) == {
        "channels": channels,
        "trim": "do-not-trim",
        "recordingStatusCallback": URL + CALLBACK_RULES,
        "recordingStatusCallbackMethod": "POST",
        "recordingStatusCallbackEvent": "in-progress completed absent",
    }


def dial(*targets: str, **more: Any) -> Dial:
    given: dict[str, Any] = {
        "targets": tuple(cleared(target) for target in targets),
        "caller_id": "+14155550199",
        "ring_seconds": 25,
        "max_seconds": 900,
        "action_url": URL,
        "callback_url": f"{URL}2",
    }
    return Dial(**(given | more))


def test_targets_are_rung_at_once_and_each_tells_which_it_is() -> None:
    element = one(dial("+14155550177", "sip:anna@cc.example.com"))
    assert element.tag == "Dial"
    assert dict(element.attrib) == {
        "action": URL + DOCUMENT_RULES,
        "method": "POST",
        "timeLimit": "900",
        "timeout": "25",
        "callerId": "+14155550199",
    }
    number, sip = element
    assert (number.tag, number.text) == ("Number", "+14155550177")
    assert (sip.tag, sip.text) == ("Sip", "sip:anna@cc.example.com")
    assert dict(number.attrib) == {
        "statusCallback": f"{URL}2&of=dial&n=1{CALLBACK_RULES}",
        "statusCallbackMethod": "POST",
        "statusCallbackEvent": "initiated ringing answered completed",
    }
    assert sip.get("statusCallback") == f"{URL}2&of=dial&n=2{CALLBACK_RULES}"


def test_a_target_may_be_told_who_is_calling() -> None:
    (number,) = one(dial("+14155550177", whisper_url=f"{URL}3", accept_key="1"))
    assert number.get("url") == f"{URL}3&of=whisper&n=1{DOCUMENT_RULES}"
    assert number.get("method") == "POST"
    assert number.get("statusCallback") == f"{URL}2&of=whisper&n=1{CALLBACK_RULES}"
    with pytest.raises(UnsupportedByProvider, match="accept key"):
        one(dial("+14155550177", accept_key="1"))


def test_the_word_with_a_key_is_a_question_and_then_a_hang_up() -> None:
    asks = Gather(action_url=URL, prompts=(Say(text="press one"),), digits=1, seconds=10)
    gather, hangup = tree(asks, Hangup())
    assert (gather.tag, hangup.tag) == ("Gather", "Hangup")
    assert gather.get("numDigits") == "1"


def test_a_room_is_silent_and_ends_with_either_of_the_two() -> None:
    verb = Conference(
        room="linecard-t1", label="caller", max_seconds=900, action_url=URL, callback_url=f"{URL}2"
    )
    element = one(verb)
    assert dict(element.attrib) == {
        "action": URL + DOCUMENT_RULES,
        "method": "POST",
        "timeLimit": "900",
    }
    (room,) = element
    assert (room.tag, room.text) == ("Conference", "linecard-t1")
    assert dict(room.attrib) == {
        "beep": "false",
        "waitUrl": "",
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "true",
        "participantLabel": "caller",
        "statusCallback": f"{URL}2{CALLBACK_RULES}",
        "statusCallbackMethod": "POST",
        "statusCallbackEvent": "start end join leave",
    }


def test_a_question_is_asked_as_often_as_there_are_tries() -> None:
    prompts = (Say(text="digits please"), Play(url="https://h/x.wav"))
    verb = Gather(action_url=URL, prompts=prompts, digits=4, seconds=7, tries=2, finish_on="*")
    first, second = tree(verb)
    assert etree.tostring(first) == etree.tostring(second)
    assert dict(first.attrib) == {
        "input": "dtmf",
        "action": URL + DOCUMENT_RULES,
        "method": "POST",
        "timeout": "7",
        "numDigits": "4",
        "finishOnKey": "*",
    }
    assert [child.tag for child in first] == ["Say", "Play"]


def test_a_question_that_no_key_ends() -> None:
    assert one(Gather(action_url=URL, finish_on="")).get("finishOnKey") == ""


def test_simple_verbs() -> None:
    say, play, pause, hangup = tree(
        Say(text="namaste", language="hi-IN", voice="Polly.Aditi"),
        Play(url="https://h/x.wav", loop=0),
        Pause(seconds=5),
        Hangup(),
    )
    assert (say.text, dict(say.attrib)) == (
        "namaste",
        {"voice": "Polly.Aditi", "language": "hi-IN"},
    )
    assert (play.text, play.get("loop")) == ("https://h/x.wav", "0")
    assert (pause.tag, pause.get("length")) == ("Pause", "5")
    assert hangup.tag == "Hangup"
    assert one(Say(text="x")).get("voice") is None


@pytest.mark.parametrize(("busy", "reason"), [(True, "busy"), (False, "rejected")])
def test_a_refusal(busy: bool, reason: str) -> None:
    element = one(Reject(busy=busy))
    assert (element.tag, element.get("reason")) == ("Reject", reason)


def test_a_number_that_is_not_ours_gets_a_document_too() -> None:
    root = etree.fromstring(write([Reject()], setting_of(None)).body)
    assert [child.tag for child in root] == ["Reject"]


def test_what_twilio_cannot_say_is_an_error() -> None:
    with pytest.raises(UnsupportedByProvider, match="ring"):
        tree(Ring(seconds=5))


@pytest.mark.parametrize("url", ["", "https://h/a b", "https://h/é", "https://h/\n"])
def test_an_address_is_never_mended(url: str) -> None:
    with pytest.raises(InvalidField):
        one(Play(url=url))


def test_a_document_over_64_kb_is_refused() -> None:
    with pytest.raises(InvalidField, match="65,536"):
        one(Say(text="x" * 70_000))


def test_rules_of_an_address_that_has_some_are_kept() -> None:
    (alone,) = tree(Redirect(url=f"{URL}#rc=1"))
    assert alone.text == f"{URL}#rc=1"


@given(st.text(max_size=50))
def test_any_text_survives_or_loses_only_what_xml_cannot_hold(text: str) -> None:
    element = one(Say(text=text))
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    heard = element.text or ""
    assert heard == "".join(
        c
        for c in kept
        if c in "\t\n" or " " <= c <= "\ud7ff" or (c >= "\ue000" and c not in "\ufffe\uffff")
    )
    assert len(element) == 0
