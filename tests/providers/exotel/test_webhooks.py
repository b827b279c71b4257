"""What Exotel's requests mean: captured ones as they were found, and every way of writing them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.exotel.values import CALL_ID

from linecard import (
    AnswerRequested,
    CallAnswered,
    Callback,
    CallRinging,
    CallStatus,
    CarrierRequest,
    Direction,
    Kind,
    LegAnswered,
    LegEnded,
    MachineDetected,
    MachineKind,
    Reason,
    RecordingReady,
    RequestRefused,
    StreamReported,
    TransferReported,
    TransferResult,
    Unrecognised,
    parse_multipart,
)
from linecard_exotel import webhooks

HOST = "https://voice.example.com/exotel"
ROUTES = {
    Kind.ANSWER: "answer",
    Kind.RETURN: "answer",
    Kind.NEXT: "dial-up",
    Kind.DIAL: "dial-up",
    Kind.ENDED: "callback/status",
    Kind.LEG: "callback/transfer",
}

# Captured: the dynamic URL of a Voicebot, a call that went out, January 2025.
OUTGOING = {
    "CallSid": "5979a54734e3bf7505cb8e41b96e1917",
    "CallFrom": "09494865411",
    "CallTo": "08047113155",
    "Direction": "outbound-dial",
    "Created": "Tue, 07 Jan 2025 15:51:06",
    "DialWhomNumber": "",
    "HangupLatencyStartTimeExocc": "",
    "HangupLatencyStartTime": "",
    "From": "09494865411",
    "To": "09513886363",
    "CustomField": "7e9095cd-b91d-4df0-945b-6b851-ss69-ex1",
    "CurrentTime": "2025-01-07 15:51:06",
}
# Captured: the same of a call that came in, August 2026.
INCOMING = {
    "CallSid": "faccc8dce91e426a398475de9fdb1a8p",
    "CallFrom": "09441233609",
    "CallTo": "08037091588",
    "Direction": "incoming",
    "Created": "Tue, 25 Aug 2026 12:07:08",
    "DialWhomNumber": "",
    "HangupLatencyStartTimeExocc": "",
    "HangupLatencyStartTime": "",
    "ServerCode": "",
    "From": "09441233609",
    "To": "09513886363",
    "CurrentTime": "2026-08-25 12:07:09",
}
# Exotel's page of the Passthru applet for streaming, both ways of writing the nested report.
BRACKETED = {
    "CallSid": "56b1",
    "flow_id": "voicebot-flow-xyz123",
    "Direction": "inbound",
    "From": "+918888000000",
    "To": "+912233344455",
    "Stream[StreamSID]": "6f048d2e897a0d2d4029560f3f541947",
    "Stream[Status]": "completed",
    "Stream[Duration]": "28",
    "Stream[RecordingUrl]": "https://recordings.exotel.com/exotelrecordings/exotelt/6f04.mp3",
    "Stream[StreamUrl]": "wss://stream.customer.com/media",
    "Stream[DisconnectedBy]": "bot",
}
NESTED = {
    "CallSid": "56b1",
    "Stream": json.dumps(
        {
            "StreamSID": "62xxx",
            "RecordingUrl": "https://recordings.exotel.com/exotelrecordings/a/62xxx.mp3",
            "Status": "completed",
            "Duration": "28",
            "StreamUrl": "ws://10.32.76.120:5007/media",
            "DisconnectedBy": "user",
        }
    ),
}
# The terminal event of Exotel's page of status callbacks.
TERMINAL: dict[str, Any] = {
    "CallSid": "80bf",
    "EventType": "terminal",
    "DateCreated": "2024-01-15 14:25:10",
    "DateUpdated": "2024-01-15 14:30:45",
    "To": "09123456789",
    "From": "09876543210",
    "PhoneNumberSid": "0XXXXXX4890",
    "StartTime": "2024-01-15 14:25:12",
    "EndTime": "2024-01-15 14:30:45",
    "Status": "completed",
    "ConversationDuration": 320,
    "Direction": "outbound-api",
    "CustomField": "order_12345",
    "RecordingUrl": "https://recordings.exotel.com/exotelrecordings/a/80bf.mp3",
    "Legs": [
        {"OnCallDuration": 335, "Status": "completed", "AnsweredBy": "NA"},
        {"OnCallDuration": 320, "Status": "completed", "AnsweredBy": "HUMAN"},
    ],
}
# Captured: a StatusCallback as a multipart body, January 2025, with no RecordingUrl part at all.
BOUNDARY = "form-data-boundary-lebu8d9e3h8xzvhf"
MULTIPART = (
    "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (
            ("CallSid", "4c1888cf5d9f430b8dd424dd85aa191f"),
            ("Status", "completed"),
            ("DateUpdated", "2025-01-15 18:14:07"),
        )
    ).encode()
    + f"--{BOUNDARY}--\r\n".encode()
)


def get(kind: Kind, fields: dict[str, Any], **more: Any) -> CarrierRequest:
    pairs = tuple((name, str(value)) for name, value in fields.items())
    query = urlencode([("a", "main"), ("k", kind.value), ("x", "n.p"), ("t", "t"), *pairs])
    return CarrierRequest(
        method="GET",
        url=f"{HOST}/{ROUTES[kind]}?{query}",
        headers={},
        pairs=pairs,
        kind=kind,
        is_ours=True,
        **more,
    )


def post(body: bytes, content_type: str = "application/json", **more: Any) -> CarrierRequest:
    given: dict[str, Any] = {
        "method": "POST",
        "url": f"{HOST}/callback/status?a=main&c=1&k=ended&t=t",
        "headers": {"content-type": content_type},
        "body": body,
        "kind": Kind.ENDED,
        "call": "1",
        "is_ours": True,
    }
    return CarrierRequest(**(given | more))


def read(request: CarrierRequest) -> Callback:
    return webhooks.parse(request, "IN")


def ended(fields: dict[str, Any]) -> Callback:
    return read(post(json.dumps(fields).encode()))


# The Voicebot applet


def test_a_captured_call_that_came_in() -> None:
    said = read(get(Kind.ANSWER, INCOMING))
    (asked,) = said.events
    assert isinstance(asked, AnswerRequested)
    assert asked.direction is Direction.INBOUND
    # Routed by CallTo: `To` is a number of Exotel's own in both captures.
    assert (asked.from_, asked.to) == ("+919441233609", "+918037091588")
    assert asked.key == "answer:faccc8dce91e426a398475de9fdb1a8p"
    assert said.wants is Reason.ANSWER
    assert said.call_ids == {"call_sid": "faccc8dce91e426a398475de9fdb1a8p"}
    assert said.our_call is None
    assert said.unknown == {}


def test_a_captured_call_that_went_out() -> None:
    said = read(get(Kind.ANSWER, OUTGOING))
    (asked,) = said.events
    assert isinstance(asked, AnswerRequested)
    assert asked.direction is Direction.OUTBOUND
    assert (asked.from_, asked.to) == ("+918047113155", "+919494865411")
    assert said.our_call is None, "a CustomField of another shape is somebody else's"


def test_the_tag_of_the_dial_names_our_call() -> None:
    assert read(get(Kind.ANSWER, OUTGOING | {"CustomField": CALL_ID})).our_call == CALL_ID
    assert read(get(Kind.NEXT, BRACKETED | {"CustomField": CALL_ID})).our_call == CALL_ID
    without_direction = {k: v for k, v in OUTGOING.items() if k != "Direction"}
    (asked,) = read(get(Kind.ANSWER, without_direction | {"CustomField": CALL_ID})).events
    assert isinstance(asked, AnswerRequested)
    assert asked.direction is Direction.OUTBOUND


@pytest.mark.parametrize("word", ["incoming", "inbound", "", "sideways"])
def test_words_for_a_call_that_comes_in(word: str) -> None:
    (asked,) = read(get(Kind.ANSWER, INCOMING | {"Direction": word})).events
    assert isinstance(asked, AnswerRequested)
    assert asked.direction is Direction.INBOUND


@pytest.mark.parametrize("caller", ["", "anonymous", "+266696687", "12"])
def test_a_withheld_caller(caller: str) -> None:
    (asked,) = read(get(Kind.ANSWER, INCOMING | {"CallFrom": caller})).events
    assert isinstance(asked, AnswerRequested)
    assert asked.from_ is None


@pytest.mark.parametrize("dialled", ["", "nobody", "12"])
def test_without_the_exophone_there_is_no_call(dialled: str) -> None:
    with pytest.raises(RequestRefused, match="CallTo") as refused:
        read(get(Kind.ANSWER, INCOMING | {"CallTo": dialled}))
    assert refused.value.status == 400


def test_a_voicebot_may_post_its_question() -> None:
    as_json = post(json.dumps(INCOMING).encode(), kind=Kind.ANSWER, call=None)
    as_form = post(b"", "x", kind=Kind.ANSWER, call=None, pairs=tuple(INCOMING.items()))
    in_query = post(
        b"", "x", kind=Kind.ANSWER, call=None, url=f"{HOST}/answer?a=main&{urlencode(INCOMING)}"
    )
    expected = read(get(Kind.ANSWER, INCOMING))
    assert read(as_json) == read(as_form) == read(in_query) == expected


def test_a_second_voicebot_opens_no_call() -> None:
    said = read(get(Kind.RETURN, INCOMING))
    assert (said.events, said.wants) == ((), Reason.ANSWER)
    assert said.call_ids


# The Passthru applet


def test_a_stream_that_we_closed_ends_no_call() -> None:
    said = read(get(Kind.NEXT, BRACKETED))
    reported, recorded = said.events
    assert isinstance(reported, StreamReported)
    assert (reported.state, reported.reason) == ("stopped", "bot")
    assert isinstance(recorded, RecordingReady)
    assert recorded.recording == "6f04"
    assert said.wants is Reason.NEXT
    assert said.unknown == {}


def test_a_caller_who_left_ends_the_call() -> None:
    said = read(get(Kind.NEXT, NESTED))
    reported, recorded, left = said.events
    assert isinstance(reported, StreamReported)
    assert isinstance(recorded, RecordingReady)
    assert isinstance(left, LegEnded)
    assert (left.status, left.ended_by, left.duration) == (CallStatus.COMPLETED, "caller", None)
    assert said.wants is Reason.NEXT


def test_the_report_is_the_same_in_every_writing() -> None:
    report = json.loads(NESTED["Stream"])
    brackets = {"CallSid": "56b1"} | {f"Stream[{name}]": v for name, v in report.items()}
    as_json = post(
        json.dumps({"CallSid": "56b1", "Stream": report}).encode(), kind=Kind.NEXT, call=None
    )
    expected = read(get(Kind.NEXT, NESTED))
    assert read(get(Kind.NEXT, brackets)) == read(as_json) == expected


def test_an_error_of_the_stream_is_believed_over_its_status() -> None:
    fields = BRACKETED | {"Stream[Error]": "3009 failed to connect"}
    reported = read(get(Kind.NEXT, fields)).events[0]
    assert isinstance(reported, StreamReported)
    assert (reported.state, reported.reason) == ("failed", "3009 failed to connect")


@pytest.mark.parametrize("nested", ["", "null", "[]", "{", '"x"', "[" * 100_000])
def test_a_strange_report_is_none(nested: str) -> None:
    said = read(get(Kind.NEXT, {"CallSid": "56b1", "Stream": nested}))
    assert (said.events, said.wants) == ((), Reason.NEXT)


def test_a_caller_who_left_while_a_human_was_rung() -> None:
    said = read(get(Kind.NEXT, {"CallSid": "56b1", "CallType": "client-hangup"}))
    (left,) = said.events
    assert isinstance(left, LegEnded)
    assert left.ended_by == "caller"


def test_quotes_and_the_epoch_are_no_values() -> None:
    fields = {"CallSid": '"56b1"', "digits": '"8"', "EndTime": "1970-01-01 05:30:00"}
    said = read(get(Kind.NEXT, fields))
    assert said.call_ids == {"call_sid": "56b1"}
    assert (said.events, said.unknown) == ((), {})


def test_the_connect_applet_asks_whom_to_ring() -> None:
    said = read(get(Kind.DIAL, INCOMING))
    assert (said.events, said.wants) == ((), Reason.TRANSFER)


# StatusCallback


def test_the_terminal_event_of_exotels_page() -> None:
    said = ended(TERMINAL)
    machine, end, recorded = said.events
    assert isinstance(machine, MachineDetected)
    assert (machine.kind, machine.raw) == (MachineKind.HUMAN, "HUMAN")
    assert isinstance(end, LegEnded)
    assert (end.status, end.duration, end.cost) == (CallStatus.COMPLETED, 335, None)
    assert isinstance(recorded, RecordingReady)
    assert recorded.recording == "80bf"
    assert (said.wants, said.our_call, said.unknown) == (None, None, {})


def test_the_captured_multipart_body() -> None:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    said = read(post(MULTIPART, kind, pairs=parse_multipart(MULTIPART, kind)))
    (end,) = said.events
    assert isinstance(end, LegEnded)
    assert (end.status, end.duration) == (CallStatus.COMPLETED, None)
    assert end.key == "ended:4c1888cf5d9f430b8dd424dd85aa191f:terminal:completed"


def test_a_form_spells_the_legs_in_brackets() -> None:
    flat = {name: value for name, value in TERMINAL.items() if name != "Legs"}
    legs = {
        f"Legs[{position}][{name}]": value
        for position, leg in enumerate(TERMINAL["Legs"])
        for name, value in leg.items()
    }
    pairs = tuple((name, str(value)) for name, value in (flat | legs).items())
    assert read(post(b"", "x", pairs=pairs)).events == ended(TERMINAL).events
    wrapped = TERMINAL | {"Legs": [{"Leg": leg} for leg in TERMINAL["Legs"]]}
    assert ended(wrapped).events == ended(TERMINAL).events
    text = TERMINAL | {"Legs": json.dumps(TERMINAL["Legs"])}
    assert ended(text).events == ended(TERMINAL).events


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("completed", CallStatus.COMPLETED),
        ("failed", CallStatus.FAILED),
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("canceled", CallStatus.CANCELED),
        ("a new word", CallStatus.FAILED),
    ],
)
def test_words_of_an_end(word: str, status: CallStatus) -> None:
    (end,) = ended({"CallSid": "1", "Status": word}).events
    assert isinstance(end, LegEnded)
    assert end.status is status


def test_events_before_the_end() -> None:
    (answered,) = ended({"CallSid": "1", "EventType": "answered", "Status": "in-progress"}).events
    assert isinstance(answered, CallAnswered)
    (ringing,) = ended({"CallSid": "1", "EventType": "ringing"}).events
    assert isinstance(ringing, CallRinging)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Status": "in-progress"},
        {"EventType": "moved", "Status": "completed"},
        {"Status": "queued"},
    ],
)
def test_what_no_table_knows_is_kept(fields: dict[str, str]) -> None:
    (kept,) = ended({"CallSid": "1"} | fields).events
    assert isinstance(kept, Unrecognised)


def test_a_repeat_has_the_same_key_and_another_fact_another() -> None:
    assert ended(TERMINAL).events == ended(TERMINAL).events
    facts = [
        ended({"CallSid": "1", "EventType": "answered"}),
        ended({"CallSid": "1", "Status": "busy"}),
        ended({"CallSid": "1", "Status": "completed"}),
        ended({"CallSid": "2", "Status": "completed"}),
    ]
    assert len({event.key for said in facts for event in said.events}) == 4


def test_the_answer_of_a_machine_is_told_after_the_call_alone() -> None:
    for word, kind in (("Machine", MachineKind.MACHINE), ("NotSure", MachineKind.UNKNOWN)):
        said = ended({"CallSid": "1", "Status": "completed", "AnsweredBy": word})
        assert isinstance(said.events[0], MachineDetected)
        assert said.events[0].kind is kind
    assert len(ended({"CallSid": "1", "Status": "completed", "AnsweredBy": "NA"}).events) == 1


def test_who_answered_a_second_leg_is_no_word_about_the_caller() -> None:
    legs = [
        {"OnCallDuration": 9, "Status": "completed", "AnsweredBy": "NA"},
        {"OnCallDuration": 5, "Status": "completed", "AnsweredBy": "Machine"},
    ]
    said = ended({"CallSid": "1", "Status": "completed", "Legs": json.dumps(legs)})
    (detected,) = (event for event in said.events if isinstance(event, MachineDetected))
    assert (detected.leg, detected.kind) == ("target:1", MachineKind.MACHINE)


@pytest.mark.parametrize("url", ["", "null", "file:///etc/passwd", "https://h/ x", "javascript:1"])
def test_an_address_that_is_none_is_no_recording(url: str) -> None:
    events = ended({"CallSid": "1", "Status": "completed", "RecordingUrl": url}).events
    assert not [event for event in events if isinstance(event, RecordingReady)]


def test_unknown_fields_are_kept() -> None:
    assert ended({"CallSid": "1", "Status": "busy", "NewField": "x"}).unknown == {"NewField": "x"}


# Targets of a Connect applet (Exotel: answered event in the CRM)

TARGET = {
    "CallSid": "56b1",
    "CallFrom": "09441233609",
    "CallTo": "08037091588",
    "Direction": "outbound-dial",
    "Created": "2026-08-25 12:07:08",
    "From": "09441233609",
    "To": "08037091588",
    "CurrentTime": "2026-08-25 12:07:09",
    "DialWhomNumber": "09812345678",
}


def target(**fields: str) -> Callback:
    return read(get(Kind.LEG, TARGET | fields, call="1", reference="transfer1"))


def test_a_target_that_answers_is_connected() -> None:
    (answered,) = target(EventType="Answered", Status="busy").events
    assert isinstance(answered, LegAnswered)
    assert (answered.transfer, answered.bridged, answered.leg) == ("transfer1", True, "target:1")


@pytest.mark.parametrize("event", ["Dial", "Ringing"])
def test_a_target_that_is_rung_is_no_news(event: str) -> None:
    assert target(EventType=event, Status="busy").events == ()


def test_a_target_that_is_free_again_says_not_how_it_went() -> None:
    (over,) = target(EventType="Terminal", Status="free").events
    assert isinstance(over, LegEnded)
    assert over.leg == "target:1"
    assert target(Status="free").events == (over,)
    assert target(Status="busy").events == ()


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("busy", TransferResult.BUSY),
        ("no-answer", TransferResult.NO_ANSWER),
        ("failed", TransferResult.FAILED),
    ],
)
def test_a_target_that_did_not_answer(word: str, result: TransferResult) -> None:
    over, told = target(EventType="Terminal", Status="free", DialCallStatus=word).events
    assert isinstance(over, LegEnded)
    assert isinstance(told, TransferReported)
    assert (told.transfer, told.result) == ("transfer1", result)


def test_a_conversation_that_is_over() -> None:
    fields = {"EventType": "Terminal", "DialCallStatus": "completed", "DialCallDuration": "31"}
    answered, over, told = target(**fields).events
    assert isinstance(answered, LegAnswered)
    assert isinstance(over, LegEnded)
    assert over.duration == 31
    assert isinstance(told, TransferReported)
    assert told.result is TransferResult.BRIDGED


def test_one_of_several_targets_decides_nothing_unless_it_was_talked_to() -> None:
    terminal = {"EventType": "Terminal", "of": "2"}
    for word in ("busy", "no-answer", "canceled"):
        (over,) = target(DialCallStatus=word, **terminal).events
        assert isinstance(over, LegEnded)
    talked = target(DialCallStatus="completed", **terminal)
    assert isinstance(talked.events[-1], TransferReported)
    assert talked.unknown == {}


def test_a_new_event_of_a_target_is_kept() -> None:
    (kept,) = target(EventType="Moved").events
    assert isinstance(kept, Unrecognised)


# Requests that are none


@pytest.mark.parametrize("kind", list(ROUTES))
def test_a_request_without_its_call_is_refused(kind: Kind) -> None:
    for fields in ({}, {"CallSid": ""}, {"CallSid": "with space"}, {"CallSid": "x" * 129}):
        with pytest.raises(RequestRefused) as refused:
            read(get(kind, fields))
        assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"{" * 100_000, b'{"CallSid":"\xff"}', b""])
def test_a_broken_body_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(post(body))
    assert refused.value.status == 400


def test_a_field_that_stands_twice_is_refused() -> None:
    pairs = (("CallSid", "1"), ("Status", "busy"), ("Status", "completed"))
    with pytest.raises(RequestRefused, match="twice"):
        read(post(b"", "x", pairs=pairs))


def test_addresses_of_another_kind_are_kept_and_counted() -> None:
    (kept,) = read(post(b'{"CallSid":"1"}', kind=Kind.MACHINE)).events
    assert isinstance(kept, Unrecognised)
    assert read(post(b'{"CallSid":"1"}', kind=None)).wants is None


TEXTS = st.text('a1[]{}" :/?%\0\n\u00fc\U0001f600', max_size=12)
NAMES = st.sampled_from([*TERMINAL, *INCOMING, "Stream", "Stream[Error]", "Legs[0][Status]", "zz"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(
    kind=st.sampled_from(list(ROUTES)),
    fields=st.dictionaries(NAMES, VALUES, max_size=12),
    nested=st.booleans(),
)
def test_whatever_comes_is_read_or_refused(
    kind: Kind, fields: dict[str, Any], nested: bool
) -> None:
    if nested:
        fields["Stream"] = json.dumps(fields)
    body = json.dumps(fields).encode("utf-8", "surrogatepass")
    pairs = tuple((name, str(value)) for name, value in fields.items())
    for request in (post(body, kind=kind), post(b"", "x", kind=kind, pairs=pairs)):
        assert _is_read_or_refused(request)


def _is_read_or_refused(request: CarrierRequest) -> bool:
    try:
        said = read(request)
    except RequestRefused as refused:
        return refused.status == 400
    return all(event.key for event in said.events)
