"""Twilio's webhooks: every form of the reference, and every way to cut one anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import (
    AnswerRequested,
    CallAnswered,
    Callback,
    CallRinging,
    CallStatus,
    CarrierEvent,
    CarrierRequest,
    DigitsGathered,
    Direction,
    Kind,
    LegAnswered,
    LegEnded,
    MachineDetected,
    MachineKind,
    Pairs,
    Reason,
    RecordingFailed,
    RecordingReady,
    RecordingStarted,
    RequestRefused,
    StreamReported,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_twilio.signature import signed_texts
from linecard_twilio.webhooks import parse

ACCOUNT = "AC" + "0" * 32
CALL = "CA" + "1" * 32
TARGET = "CA" + "2" * 32
STREAM = "MZ" + "3" * 32
RECORDING = "RE" + "4" * 32
ROOM = "CF" + "5" * 32

CALLED = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallSid": CALL,
    "CallStatus": "ringing",
    "Called": "+14155550199",
    "CalledCity": "SAN FRANCISCO",
    "CalledCountry": "US",
    "CalledState": "CA",
    "CalledZip": "",
    "Caller": "+14155550100",
    "Direction": "inbound",
    "From": "+14155550100",
    "FromCity": "",
    "StirVerstat": "TN-Validation-Passed-A",
    "To": "+14155550199",
    "ToCountry": "US",
}
PLACED = CALLED | {"Direction": "outbound-api", "CallStatus": "in-progress"}
STATUS = PLACED | {
    "CallbackSource": "call-progress-events",
    "SequenceNumber": "2",
    "Timestamp": "Tue, 31 Aug 2010 20:36:28 +0000",
}
ENDED = STATUS | {
    "CallStatus": "completed",
    "CallDuration": "66",
    "Duration": "2",
    "SequenceNumber": "3",
    "SipResponseCode": "200",
}
MACHINE = {
    "AccountSid": ACCOUNT,
    "AnsweredBy": "machine_start",
    "CallSid": CALL,
    "MachineDetectionDuration": "2345",
}
STREAM_STARTED = {
    "AccountSid": ACCOUNT,
    "CallSid": CALL,
    "StreamEvent": "stream-started",
    "StreamName": STREAM,
    "StreamSid": STREAM,
    "Timestamp": "2026-01-01T00:00:00.000Z",
}
RECORDED = {
    "AccountSid": ACCOUNT,
    "CallSid": CALL,
    "ErrorCode": "0",
    "RecordingChannels": "2",
    "RecordingDuration": "7",
    "RecordingSid": RECORDING,
    "RecordingSource": "OutboundAPI",
    "RecordingStartTime": "Tue, 31 Aug 2010 20:36:28 +0000",
    "RecordingStatus": "completed",
    "RecordingTrack": "both",
    "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING}",
}
DIALLED = PLACED | {
    "DialBridged": "true",
    "DialCallDuration": "12",
    "DialCallSid": TARGET,
    "DialCallStatus": "completed",
}
LEG = STATUS | {
    "CallSid": TARGET,
    "Direction": "outbound-dial",
    "ParentCallSid": CALL,
    "To": "+14155550177",
}
LEG_ENDED = LEG | {
    "CallStatus": "busy",
    "CallDuration": "0",
    "Duration": "0",
    "SequenceNumber": "3",
    "SipResponseCode": "486",
}
CONSULTED = {name: value for name, value in LEG.items() if name != "ParentCallSid"} | {
    "Direction": "outbound-api"
}
CONSULTED_ENDED = CONSULTED | {
    "CallStatus": "busy",
    "CallDuration": "0",
    "SequenceNumber": "3",
    "SipResponseCode": "486",
}
JOINED = {
    "AccountSid": ACCOUNT,
    "CallSid": CALL,
    "Coaching": "false",
    "ConferenceSid": ROOM,
    "EndConferenceOnExit": "true",
    "FriendlyName": "linecard-t1",
    "Hold": "false",
    "Muted": "false",
    "ParticipantLabel": "caller",
    "SequenceNumber": "3",
    "StartConferenceOnEnter": "true",
    "StatusCallbackEvent": "participant-join",
    "Timestamp": "Tue, 31 Aug 2010 20:36:28 +0000",
}


def post(
    kind: Kind | None, fields: Mapping[str, str] | Pairs, call: str = "c1", **more: str
) -> CarrierRequest:
    pairs = tuple(fields.items()) if isinstance(fields, Mapping) else fields
    query = {"a": "main", "c": call, "k": kind or "", "x": "t1", "t": "x" * 20, **more}
    named = {name: value for name, value in query.items() if value}
    return CarrierRequest(
        method="POST",
        url=f"https://voice.example.com/twilio/x?{urlencode(named)}",
        headers={},
        body=urlencode(pairs).encode("utf-8", "replace"),
        pairs=pairs,
        kind=kind,
        call=call or None,
        reference="t1",
    )


def read(
    kind: Kind | None, fields: Mapping[str, str] | Pairs, call: str = "c1", **more: str
) -> Callback:
    return parse(post(kind, fields, call, **more))


def event(kind: Kind | None, fields: Mapping[str, str], **more: str) -> CarrierEvent:
    (only,) = read(kind, fields, **more).events
    return only


def refusal(kind: Kind | None, fields: Mapping[str, str] | Pairs, **more: str) -> int:
    with pytest.raises(RequestRefused) as refused:
        read(kind, fields, **more)
    return refused.value.status


def without(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}


def test_a_call_that_comes_in() -> None:
    said = read(Kind.ANSWER, CALLED, call="")
    assert said.events == (
        AnswerRequested(
            key=f"answer:{CALL}",
            carrier_ids={"call_sid": CALL},
            direction=Direction.INBOUND,
            from_="+14155550100",
            to="+14155550199",
        ),
    )
    assert said.wants is Reason.ANSWER
    assert said.call_ids == {"call_sid": CALL}
    assert said.unknown == {}


def test_a_call_that_was_answered() -> None:
    (asked,) = read(Kind.ANSWER, PLACED).events
    assert isinstance(asked, AnswerRequested)
    assert asked.direction is Direction.OUTBOUND
    said = read(Kind.FALLBACK, PLACED | {"ErrorCode": "11200", "ErrorUrl": "https://h/"})
    assert said.wants is Reason.FALLBACK


@pytest.mark.parametrize(
    ("word", "call", "direction"),
    [
        ("outbound-dial", "", Direction.OUTBOUND),
        ("trunking-originating", "c1", Direction.INBOUND),
        ("something-new", "", Direction.INBOUND),
        ("something-new", "c1", Direction.OUTBOUND),
    ],
)
def test_directions(word: str, call: str, direction: Direction) -> None:
    (asked,) = read(Kind.ANSWER, CALLED | {"Direction": word}, call=call).events
    assert isinstance(asked, AnswerRequested)
    assert asked.direction is direction


@pytest.mark.parametrize(
    "from_",
    [
        "",
        "anonymous",
        "Anonymous",
        "Restricted",
        "+266696687",
        "266696687",
        "+7378742833",
        "sip:anna@h.example",
        "client:anna",
        "+anonymous",
        "unknown",
        "+12",
    ],
)
def test_a_withheld_caller_is_nobody(from_: str) -> None:
    (asked,) = read(Kind.ANSWER, CALLED | {"From": from_, "Caller": from_}).events
    assert isinstance(asked, AnswerRequested)
    assert asked.from_ is None


@pytest.mark.parametrize("to", ["", "sip:x@h.example", "anonymous", "+12"])
def test_a_call_to_no_number_is_refused(to: str) -> None:
    assert refusal(Kind.ANSWER, CALLED | {"To": to}) == 400


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("human", MachineKind.HUMAN),
        ("machine_start", MachineKind.MACHINE),
        ("machine_end_beep", MachineKind.MACHINE),
        ("machine_end_silence", MachineKind.MACHINE),
        ("machine_end_other", MachineKind.MACHINE),
        ("fax", MachineKind.FAX),
        ("unknown", MachineKind.UNKNOWN),
        ("robot", MachineKind.UNKNOWN),
    ],
)
def test_who_answered_before_and_beside_the_answer(word: str, kind: MachineKind) -> None:
    (asked,) = read(Kind.ANSWER, PLACED | {"AnsweredBy": word}).events
    assert isinstance(asked, AnswerRequested)
    assert asked.machine is kind
    detected = event(Kind.MACHINE, MACHINE | {"AnsweredBy": word})
    assert detected == MachineDetected(
        key=f"machine:{CALL}:{word}",
        carrier_ids={"call_sid": CALL},
        kind=kind,
        raw=word,
        greeting_over=word.startswith("machine_end"),
    )


@pytest.mark.parametrize("kind", [Kind.RINGING, Kind.ENDED])
@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("queued", None),
        ("initiated", None),
        ("ringing", CallRinging),
        ("in-progress", CallAnswered),
    ],
)
def test_progress_of_a_call(kind: Kind, word: str, wanted: type[CarrierEvent] | None) -> None:
    said = read(kind, STATUS | {"CallStatus": word})
    assert [type(one) for one in said.events] == ([wanted] if wanted else [])
    assert said.wants is None


@pytest.mark.parametrize(
    ("word", "code", "status", "reason"),
    [
        ("completed", "200", CallStatus.COMPLETED, "completed"),
        ("completed", "", CallStatus.COMPLETED, "completed"),
        ("busy", "486", CallStatus.BUSY, "busy"),
        ("busy", "603", CallStatus.REJECTED, "declined"),
        ("no-answer", "487", CallStatus.NO_ANSWER, "given up before the answer"),
        ("no-answer", "", CallStatus.NO_ANSWER, "no answer"),
        ("failed", "404", CallStatus.FAILED, "the number does not exist"),
        ("failed", "777", CallStatus.FAILED, "failed"),
        ("canceled", "487", CallStatus.CANCELED, "given up before the answer"),
        ("completed", "603", CallStatus.COMPLETED, "completed"),
    ],
)
def test_ends_of_a_call(word: str, code: str, status: CallStatus, reason: str) -> None:
    ended = event(Kind.ENDED, ENDED | {"CallStatus": word, "SipResponseCode": code})
    assert isinstance(ended, LegEnded)
    assert (ended.status, ended.code, ended.reason) == (status, code, reason)


def test_duration_is_in_minutes_and_call_duration_in_seconds() -> None:
    ended = event(Kind.ENDED, ENDED)
    assert isinstance(ended, LegEnded)
    assert (ended.duration, ended.billed, ended.cost) == (66, None, None)
    bare = event(Kind.ENDED, without(ENDED, "CallDuration", "SipResponseCode"))
    assert isinstance(bare, LegEnded)
    assert bare.duration is None


def test_the_sequence_number_tells_reports_apart() -> None:
    first, again = event(Kind.ENDED, STATUS), event(Kind.ENDED, STATUS)
    later = event(Kind.ENDED, STATUS | {"SequenceNumber": "7"})
    assert first.key == again.key
    assert later.key != first.key


def test_an_unknown_status_is_kept() -> None:
    said = event(Kind.ENDED, STATUS | {"CallStatus": "levitating"})
    assert isinstance(said, Unrecognised)
    assert said.name == "levitating"


@pytest.mark.parametrize("kind", [Kind.ANSWER, Kind.NEXT, Kind.TRANSFER, Kind.DIALED, None])
def test_a_status_callback_is_one_wherever_it_comes(kind: Kind | None) -> None:
    said = read(kind, ENDED)
    assert said.wants is None
    assert isinstance(said.events[0], LegEnded)


def test_an_ended_call_that_asks_for_an_answer_gets_none() -> None:
    said = read(Kind.ANSWER, CALLED | {"CallStatus": "canceled"})
    assert said.wants is None
    assert isinstance(said.events[0], LegEnded)


@pytest.mark.parametrize(
    ("kind", "reason"), [(Kind.NEXT, Reason.NEXT), (Kind.TRANSFER, Reason.TRANSFER)]
)
def test_documents_that_report_nothing(kind: Kind, reason: Reason) -> None:
    said = read(kind, PLACED)
    assert (said.events, said.wants, said.call_ids) == ((), reason, {"call_sid": CALL})


def test_a_word_before_the_connection_is_asked_for_by_the_target() -> None:
    said = read(Kind.WHISPER, LEG, of="whisper", n="1")
    assert (said.events, said.wants, said.call_ids) == ((), Reason.TRANSFER, {"call_sid": CALL})


@pytest.mark.parametrize("digits", ["", "1", "12#*", "A"])
def test_digits_of_the_caller(digits: str) -> None:
    said = read(Kind.GATHERED, PLACED | {"Digits": digits, "FinishedOnKey": "#"})
    (gathered,) = said.events
    assert isinstance(gathered, DigitsGathered)
    assert (gathered.digits, gathered.leg, said.wants) == (digits, "caller", Reason.GATHERED)


def test_digits_of_a_target_are_not_the_callers() -> None:
    said = read(Kind.GATHERED, without(LEG, "CallbackSource") | {"Digits": "1"})
    (gathered,) = said.events
    assert gathered.leg == "target:1"
    assert said.call_ids == {"call_sid": CALL}


@pytest.mark.parametrize(
    ("word", "state"),
    [("stream-started", "started"), ("stream-stopped", "stopped"), ("stream-error", "failed")],
)
def test_reports_on_the_stream(word: str, state: str) -> None:
    reported = event(Kind.STREAM, STREAM_STARTED | {"StreamEvent": word, "StreamError": "31920"})
    assert isinstance(reported, StreamReported)
    assert (reported.state, reported.reason, reported.leg) == (state, "31920", "media")
    other = event(Kind.STREAM, STREAM_STARTED | {"StreamEvent": "stream-paused"})
    assert isinstance(other, Unrecognised)


def test_recordings() -> None:
    ready = event(Kind.RECORDING, RECORDED)
    assert ready == RecordingReady(
        key=f"recording:{RECORDING}",
        recording=RECORDING,
        url=RECORDED["RecordingUrl"] + "?RequestedChannels=2",
        duration_ms=7000,
        channels=2,
    )
    mono = event(Kind.RECORDING, RECORDED | {"RecordingChannels": "1"})
    assert isinstance(mono, RecordingReady)
    assert (mono.url, mono.channels) == (RECORDED["RecordingUrl"], 1)
    runs = event(Kind.RECORDING, RECORDED | {"RecordingStatus": "in-progress"})
    key = f"recording-started:{RECORDING}"
    assert runs == RecordingStarted(key=key, recording=RECORDING, channels=2)
    unsure = event(Kind.RECORDING, RECORDED | {"RecordingDuration": "-1"})
    assert isinstance(unsure, RecordingReady)
    assert unsure.duration_ms is None


@pytest.mark.parametrize(
    ("word", "code", "reason"),
    [
        ("absent", "16101", "too short to be kept"),
        ("absent", "16102", "nothing but silence"),
        ("absent", "", "no reason given"),
        ("failed", "99", "error 99"),
    ],
)
def test_recordings_that_came_to_nothing(word: str, code: str, reason: str) -> None:
    failed = event(Kind.RECORDING, RECORDED | {"RecordingStatus": word, "ErrorCode": code})
    assert isinstance(failed, RecordingFailed)
    assert failed.reason == f"{RECORDING} is {word}: {reason}"


def test_recordings_of_no_use() -> None:
    assert isinstance(
        event(Kind.RECORDING, RECORDED | {"RecordingStatus": "processing"}), Unrecognised
    )
    assert refusal(Kind.RECORDING, RECORDED | {"RecordingUrl": ""}) == 400


@pytest.mark.parametrize(
    ("word", "bridged", "result"),
    [
        ("completed", "true", TransferResult.BRIDGED),
        ("completed", "", TransferResult.BRIDGED),
        ("completed", "false", TransferResult.DECLINED),
        ("answered", "", TransferResult.BRIDGED),
        ("busy", "false", TransferResult.BUSY),
        ("no-answer", "false", TransferResult.NO_ANSWER),
        ("failed", "false", TransferResult.FAILED),
        ("canceled", "false", TransferResult.FAILED),
        ("something-new", "", TransferResult.FAILED),
    ],
)
def test_what_a_dial_came_to(word: str, bridged: str, result: TransferResult) -> None:
    said = read(Kind.DIALED, DIALLED | {"DialCallStatus": word, "DialBridged": bridged})
    *connected, reported = said.events
    assert [one.bridged for one in connected if isinstance(one, LegAnswered)] == (
        [True] if bridged == "true" and word == "completed" else []
    )
    assert isinstance(reported, TransferReported)
    assert (reported.transfer, reported.result, said.wants) == ("t1", result, Reason.NEXT)
    assert said.call_ids == {"call_sid": CALL}


@pytest.mark.parametrize(
    ("of", "n", "bridged"), [("dial", "1", True), ("dial", "2", True), ("whisper", "1", False)]
)
def test_a_target_that_answers(of: str, n: str, bridged: bool) -> None:
    said = read(Kind.LEG, LEG, of=of, n=n)
    assert said.events == (
        LegAnswered(
            key=f"leg:{TARGET}:answered",
            leg=f"target:{n}",
            carrier_ids={f"target:{n}": TARGET},
            transfer="t1",
            bridged=bridged,
            ready=of != "whisper",
        ),
    )
    assert (said.call_ids, said.wants) == ({"call_sid": CALL}, None)


def test_a_target_of_a_dial_that_ends() -> None:
    said = read(Kind.LEG, LEG_ENDED, of="dial", n="2")
    (ended,) = said.events
    assert isinstance(ended, LegEnded)
    assert (ended.leg, ended.status, ended.carrier_ids) == (
        "target:2",
        CallStatus.BUSY,
        {"target:2": TARGET},
    )


@pytest.mark.parametrize("word", ["queued", "initiated", "ringing"])
def test_the_ringing_of_a_target_is_no_news(word: str) -> None:
    assert read(Kind.LEG, LEG | {"CallStatus": word}).events == ()


def test_a_consulted_target_that_answers_waits_in_the_room() -> None:
    said = read(Kind.LEG, CONSULTED, of="room", n="1")
    (answered,) = said.events
    assert isinstance(answered, LegAnswered)
    assert (answered.leg, answered.transfer, answered.bridged) == ("target:1", "t1", False)
    assert said.call_ids == {}


@pytest.mark.parametrize(
    ("word", "code", "result"),
    [
        ("busy", "486", TransferResult.BUSY),
        ("busy", "603", TransferResult.DECLINED),
        ("no-answer", "", TransferResult.NO_ANSWER),
        ("failed", "404", TransferResult.FAILED),
        ("canceled", "", TransferResult.FAILED),
        ("completed", "200", TransferResult.FAILED),
    ],
)
def test_a_consulted_target_that_ends_decides_the_transfer(
    word: str, code: str, result: TransferResult
) -> None:
    fields = CONSULTED_ENDED | {"CallStatus": word, "SipResponseCode": code}
    ended, reported = read(Kind.LEG, fields, of="room", n="2").events
    assert isinstance(ended, LegEnded)
    assert isinstance(reported, TransferReported)
    assert (ended.leg, reported.leg) == ("target:2", "target:2")
    assert (reported.transfer, reported.result) == ("t1", result)


def test_the_caller_who_joins_is_connected() -> None:
    said = read(Kind.LEG, JOINED)
    assert said.events == (
        LegAnswered(key=f"room:{ROOM}:joined", leg="target:1", transfer="t1", bridged=True),
    )


@pytest.mark.parametrize(
    "word", ["conference-start", "conference-end", "participant-leave", "participant-mute"]
)
def test_what_else_a_room_reports_is_no_news(word: str) -> None:
    assert read(Kind.LEG, JOINED | {"StatusCallbackEvent": word}).events == ()
    of_nobody = without(JOINED, "CallSid", "ParticipantLabel") | {"StatusCallbackEvent": word}
    assert read(Kind.LEG, of_nobody).events == ()


def test_a_target_that_joins_is_ready_and_a_new_word_is_kept() -> None:
    ready = event(Kind.LEG, JOINED | {"ParticipantLabel": "target:1"})
    assert isinstance(ready, LegAnswered)
    assert (ready.leg, ready.bridged, ready.ready) == ("target:1", False, True)
    assert read(Kind.LEG, without(JOINED, "ParticipantLabel")).events == ()
    new = event(Kind.LEG, JOINED | {"StatusCallbackEvent": "participant-dance"})
    assert isinstance(new, Unrecognised)


@pytest.mark.parametrize(
    "more", [{"of": "magic"}, {"n": "0"}, {"n": "1AccountSid"}, {"n": "100"}, {"n": ""}]
)
def test_a_legs_address_that_we_did_not_give_out(more: dict[str, str]) -> None:
    if more == {"n": ""}:
        assert read(Kind.LEG, LEG).events[0].leg == "target:1"
    else:
        assert refusal(Kind.LEG, LEG, **more) == 403


def test_what_a_leg_reports_beyond_the_table_is_kept() -> None:
    assert isinstance(event(Kind.LEG, LEG | {"CallStatus": "new-word"}), Unrecognised)
    assert isinstance(event(Kind.LEG, without(LEG, "CallStatus")), Unrecognised)


def test_unknown_fields_are_kept() -> None:
    said = read(Kind.ANSWER, CALLED | {"BrandNew": "x", "SipHeader_X-Team": "42"})
    assert said.unknown == {"BrandNew": "x", "SipHeader_X-Team": "42"}
    assert said.wants is Reason.ANSWER


def test_a_repeated_field_is_refused() -> None:
    assert refusal(Kind.ANSWER, (*CALLED.items(), ("CallStatus", "ringing"))) == 400
    twice = (*CALLED.items(), ("SipHeader_X", "1"), ("SipHeader_X", "2"))
    assert read(Kind.ANSWER, twice).unknown["SipHeader_X"] == "2"


REQUIRED = [
    *((Kind.ANSWER, CALLED, name) for name in ("CallSid", "From", "To", "Direction", "CallStatus")),
    (Kind.ENDED, ENDED, "CallSid"),
    (Kind.ENDED, ENDED, "CallStatus"),
    (Kind.MACHINE, MACHINE, "AnsweredBy"),
    (Kind.STREAM, STREAM_STARTED, "StreamEvent"),
    (Kind.RECORDING, RECORDED, "RecordingStatus"),
    (Kind.DIALED, DIALLED, "DialCallStatus"),
    (Kind.LEG, LEG, "CallSid"),
]


@pytest.mark.parametrize(("kind", "fields", "name"), REQUIRED)
def test_a_missing_required_field_is_refused(kind: Kind, fields: dict[str, str], name: str) -> None:
    assert refusal(kind, without(fields, name)) in (400, 403)
    if name != "From":
        assert refusal(kind, without(fields, name) | {name: ""}) == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CallSid", "../../etc"),
        ("CallSid", "CA" + "1" * 31),
        ("Direction", "side ways"),
        ("CallStatus", "COMPLETED!"),
        ("From", "+14155550100<script>"),
        ("To", "+1415 555"),
        ("AnsweredBy", "a b"),
    ],
)
def test_a_malformed_field_is_refused(name: str, value: str) -> None:
    assert refusal(Kind.ANSWER, CALLED | {name: value}) == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CallerName", "a\nb"),
        ("CallerName", "x" * 5000),
        ("ForwardedFrom", "<x>"),
        ("AccountSid", "AC1"),
        ("Called", "x y"),
    ],
)
def test_a_strange_field_that_nothing_follows_from_costs_no_call(name: str, value: str) -> None:
    said = read(Kind.ANSWER, CALLED | {name: value})
    assert isinstance(said.events[0], AnswerRequested)
    assert said.unknown[name] == value


GOLDEN: list[tuple[Kind, dict[str, str]]] = [
    (Kind.ANSWER, CALLED),
    (Kind.ANSWER, PLACED | {"AnsweredBy": "human"}),
    (Kind.ENDED, STATUS),
    (Kind.ENDED, ENDED),
    (Kind.MACHINE, MACHINE),
    (Kind.STREAM, STREAM_STARTED),
    (Kind.RECORDING, RECORDED),
    (Kind.DIALED, DIALLED),
    (Kind.LEG, LEG),
    (Kind.LEG, LEG_ENDED),
    (Kind.LEG, CONSULTED_ENDED),
    (Kind.LEG, JOINED),
    (Kind.GATHERED, PLACED | {"Digits": "12"}),
]


@st.composite
def recuts(draw: st.DrawFn) -> tuple[Kind, dict[str, str], Pairs]:
    """Another form with the same signature: neighbours joined, and the cut between name and value moved."""
    kind, golden = draw(st.sampled_from(GOLDEN))
    pairs: list[tuple[str, str]] = []
    for name, value in sorted(golden.items()):
        if pairs and draw(st.integers(0, 3)) == 0:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + name + value)
        elif draw(st.integers(0, 5)) == 0:
            whole, at = name + value, max(1, len(name) + draw(st.integers(-3, 3)))
            pairs.append((whole[:at], whole[at:]))
        else:
            pairs.append((name, value))
    return kind, golden, tuple(pairs)


@given(recuts())
def test_a_form_that_was_cut_anew_is_refused_or_says_the_same(
    case: tuple[Kind, dict[str, str], Pairs],
) -> None:
    kind, golden, pairs = case
    honest, forged = post(kind, golden), post(kind, pairs)
    if signed_texts(forged.url, pairs)[0] != signed_texts(honest.url, honest.pairs)[0]:
        return  # the new names sort differently, so this form has another signature
    expected = parse(honest)
    try:
        said = parse(forged)
    except RequestRefused:
        return
    assert (said.events, said.wants) == (expected.events, expected.wants)


@pytest.mark.parametrize(("kind", "golden"), GOLDEN)
def test_every_single_cut_moved_and_every_pair_of_neighbours_joined(
    kind: Kind, golden: dict[str, str]
) -> None:
    expected = parse(post(kind, golden))
    ordered = sorted(golden.items())
    for forged in (*moved(ordered), *joined(ordered)):
        if signed_texts("", forged)[0] != signed_texts("", tuple(ordered))[0]:
            continue
        try:
            said = read(kind, forged)
        except RequestRefused:
            continue
        assert (said.events, said.wants) == (expected.events, expected.wants), forged


def moved(ordered: list[tuple[str, str]]) -> list[Pairs]:
    forms = []
    for place, (name, value) in enumerate(ordered):
        whole = name + value
        for at in range(1, len(whole) + 1):
            if at != len(name):
                pair = (whole[:at], whole[at:])
                forms.append((*ordered[:place], pair, *ordered[place + 1 :]))
    return forms


def joined(ordered: list[tuple[str, str]]) -> list[Pairs]:
    forms = []
    for place in range(len(ordered) - 1):
        (name, value), (next_name, next_value) = ordered[place], ordered[place + 1]
        whole = value + next_name + next_value
        forms.append((*ordered[:place], (name, whole), *ordered[place + 2 :]))
    return forms


def test_a_field_moved_into_the_address_is_a_forgery() -> None:
    ordered = sorted(without(CALLED, "AccountSid", "ApiVersion").items())
    (name, value), *rest = ordered
    moved_url = post(Kind.ANSWER, tuple(rest)).url + name + value
    honest = post(Kind.ANSWER, tuple(ordered))
    forged = CarrierRequest(
        method="POST", url=moved_url, headers={}, pairs=tuple(rest), kind=Kind.ANSWER
    )
    assert signed_texts(honest.url, honest.pairs)[0] == signed_texts(moved_url, forged.pairs)[0]
    with pytest.raises(RequestRefused) as refused:
        parse(forged)
    assert refused.value.status == 403


words = st.text(max_size=30)
known = st.sampled_from([*ENDED, *LEG, *DIALLED, *JOINED, *RECORDED, *MACHINE, *STREAM_STARTED])


@given(kind=st.sampled_from([None, *Kind]), pairs=st.lists(st.tuples(known | words, words)))
def test_whatever_comes_is_read_or_refused(kind: Kind | None, pairs: list[tuple[str, str]]) -> None:
    try:
        read(kind, tuple(pairs))
    except RequestRefused as refused:
        assert refused.status in (400, 403)  # noqa: PT017


values: st.SearchStrategy[str] = st.sampled_from(["", "-1", "x", "1", "true", "9" * 30, "+1", "é"])


@given(case=st.sampled_from(GOLDEN), changes=st.dictionaries(known, words | values, max_size=3))
def test_any_value_in_a_true_form_is_read_or_refused(
    case: tuple[Kind, dict[str, str]], changes: dict[str, str]
) -> None:
    kind, fields = case
    try:
        read(kind, fields | changes)
    except RequestRefused as refused:
        assert refused.status in (400, 403)  # noqa: PT017


@pytest.mark.parametrize(("kind", "fields"), GOLDEN)
def test_a_repeat_has_the_same_keys(kind: Kind, fields: dict[str, str]) -> None:
    first, second = read(kind, fields), read(kind, dict(reversed(fields.items())))
    assert [one.key for one in first.events] == [one.key for one in second.events]


@pytest.mark.parametrize("kind", [Kind.DIAL, Kind.RETURN])
def test_addresses_of_flows_built_by_hand_are_none_of_twilios(kind: Kind) -> None:
    said: Any = read(kind, PLACED)
    assert said.wants is None
    assert isinstance(said.events[0], Unrecognised)
