"""Plivo's webhooks: every form of the reference, and every way to cut one anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard import (
    AnswerRequested,
    Callback,
    CallRinging,
    CallStatus,
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
    RecordingReady,
    RecordingStarted,
    RequestRefused,
    StreamReported,
    TransferReported,
    TransferResult,
    Unrecognised,
)
from linecard_plivo.hangups import HANGUPS
from linecard_plivo.signature import v3_texts
from linecard_plivo.webhooks import parse

CALL = "5f2a6e1c-0000-4000-8000-00000000000a"
TARGET = "5f2a6e1c-0000-4000-8000-00000000000b"

ANSWER = {
    "ALegRequestUUID": CALL,
    "ALegUUID": CALL,
    "BillRate": "0.005",
    "CallStatus": "in-progress",
    "CallUUID": CALL,
    "CountryCode": "IN",
    "ComplianceApplicationId": "7f2a6e1c-0000-4000-8000-00000000000c",
    "ComplianceStatus": "accepted",
    "Direction": "outbound",
    "Event": "StartApp",
    "From": "918000000001",
    "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX",
    "RequestUUID": CALL,
    "RouteType": "Domestic_Anchored",
    "STIRAttestation": "Not Applicable",
    "STIRVerification": "Not Applicable",
    "SessionStart": "2024-10-25 14:13:37.779297",
    "To": "918000000002",
}
INBOUND = {
    "CallStatus": "ringing",
    "CallUUID": CALL,
    "CallerName": "Ana",
    "Direction": "inbound",
    "Event": "StartApp",
    "From": "14155550100",
    "To": "14155550199",
}
RING = {
    "CallStatus": "ringing",
    "CallUUID": CALL,
    "CallerName": "",
    "Direction": "outbound",
    "Event": "Ring",
    "From": "+918000000001",
    "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX",
    "RequestUUID": CALL,
    "SessionStart": "2024-10-25 14:13:37.779297",
    "To": "918000000002",
}
HANGUP = {
    "AnswerTime": "2024-10-25 19:43:40",
    "BillDuration": "120",
    "BillRate": "0.005",
    "CallStatus": "completed",
    "CallUUID": CALL,
    "CountryCode": "IN",
    "Direction": "outbound",
    "Duration": "66",
    "EndTime": "2024-10-25 19:44:46",
    "Event": "Hangup",
    "From": "918000000001",
    "HangupCause": "NORMAL_CLEARING",
    "HangupCauseCode": "4000",
    "HangupCauseName": "Normal Hangup",
    "HangupSource": "Callee",
    "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX",
    "RequestUUID": CALL,
    "RouteType": "Domestic_Anchored",
    "STIRAttestation": "Not Applicable",
    "STIRVerification": "Not Applicable",
    "SessionStart": "2024-10-25 14:13:37.779297",
    "StartTime": "2024-10-25 19:43:37",
    "To": "918000000002",
    "TotalCost": "0.01000",
}
MACHINE = {
    "ALegRequestUUID": CALL,
    "ALegUUID": CALL,
    "CallStatus": "in-progress",
    "CallUUID": CALL,
    "Direction": "outbound",
    "Event": "MachineDetection",
    "From": "918000000001",
    "IfMachine": "continue",
    "Machine": "true",
    "RequestUUID": CALL,
    "To": "918000000002",
}
DIALLED = {
    "CallStatus": "in-progress",
    "CallUUID": CALL,
    "DialALegUUID": CALL,
    "DialBLegUUID": TARGET,
    "DialHangupCause": "NORMAL_CLEARING",
    "DialRingStatus": "true",
    "DialStatus": "completed",
    "Direction": "inbound",
    "Event": "Dial",
    "From": "14155550100",
    "To": "14155550199",
}
LEG = {
    "CallUUID": TARGET,
    "DialALegUUID": CALL,
    "DialAction": "hangup",
    "DialBLegBillDuration": "60",
    "DialBLegBillRate": "0.005",
    "DialBLegDuration": "31",
    "DialBLegFrom": "14155550199",
    "DialBLegHangupCause": "NORMAL_CLEARING",
    "DialBLegHangupCauseCode": "4000",
    "DialBLegHangupCauseName": "Normal Hangup",
    "DialBLegHangupSource": "Callee",
    "DialBLegPosition": "2",
    "DialBLegStatus": "hangup",
    "DialBLegTo": "14155550123",
    "DialBLegTotalCost": "0.00500",
    "DialBLegUUID": TARGET,
    "Event": "DialHangup",
}


def post(
    kind: Kind | None, fields: Mapping[str, str] | Pairs, reference: str | None = None
) -> CarrierRequest:
    pairs = tuple(fields.items()) if isinstance(fields, Mapping) else tuple(fields)
    query = urlencode({"a": "main", "k": kind or "", "t": "Zm9vYmFy"})
    return CarrierRequest(
        method="POST",
        url=f"https://voice.example.com/plivo/answer?{query}",
        headers={},
        pairs=pairs,
        kind=kind,
        reference=reference,
    )


def read(
    kind: Kind | None, fields: Mapping[str, str] | Pairs, reference: str | None = None
) -> Callback:
    return parse(post(kind, fields, reference))


def refusal(kind: Kind | None, fields: Mapping[str, str] | Pairs) -> int:
    with pytest.raises(RequestRefused) as refused:
        read(kind, fields)
    return refused.value.status


def without(fields: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}


def test_an_outbound_answer() -> None:
    said = read(Kind.ANSWER, ANSWER)
    assert said.wants is Reason.ANSWER
    assert said.call_ids == {"call_uuid": CALL, "request_uuid": CALL}
    assert said.unknown == {}
    assert said.events == (
        AnswerRequested(
            key=f"answer:{CALL}",
            carrier_ids={"call_uuid": CALL, "request_uuid": CALL},
            direction=Direction.OUTBOUND,
            from_="+918000000001",
            to="+918000000002",
        ),
    )


def test_an_inbound_answer() -> None:
    said = read(Kind.ANSWER, INBOUND)
    (event,) = said.events
    assert isinstance(event, AnswerRequested)
    assert event.direction is Direction.INBOUND
    assert (event.from_, event.to, event.machine) == ("+14155550100", "+14155550199", None)
    assert said.call_ids == {"call_uuid": CALL}


@pytest.mark.parametrize(
    "withheld",
    [
        "",
        "anonymous",
        "Anonymous",
        "+266696687",
        "266696687",
        "Restricted",
        "sip:x@y.example",
        "12",
    ],
)
def test_a_withheld_caller_has_no_number(withheld: str) -> None:
    (event,) = read(Kind.ANSWER, INBOUND | {"From": withheld}).events
    assert isinstance(event, AnswerRequested)
    assert event.from_ is None


@pytest.mark.parametrize("to", ["sip:agent@phone.plivo.com", "12", "garbage", ""])
def test_a_dialled_number_must_be_a_number(to: str) -> None:
    assert refusal(Kind.ANSWER, INBOUND | {"To": to}) == 400


@pytest.mark.parametrize(
    ("word", "kind"), [("true", MachineKind.MACHINE), ("false", MachineKind.HUMAN)]
)
def test_synchronous_detection_comes_with_the_answer(word: str, kind: MachineKind) -> None:
    (event,) = read(Kind.ANSWER, ANSWER | {"Machine": word}).events
    assert isinstance(event, AnswerRequested)
    assert event.machine is kind


def test_a_fallback_is_an_answer_that_wants_another_document() -> None:
    said = read(Kind.FALLBACK, INBOUND)
    assert said.wants is Reason.FALLBACK
    assert [type(event) for event in said.events] == [AnswerRequested]


def test_ringing() -> None:
    said = read(Kind.RINGING, RING)
    assert said.wants is None
    assert said.events == (
        CallRinging(key=f"ringing:{CALL}", carrier_ids={"call_uuid": CALL, "request_uuid": CALL}),
    )


def test_an_end() -> None:
    (event,) = read(Kind.ENDED, HANGUP).events
    assert event == LegEnded(
        key=f"ended:{CALL}",
        carrier_ids={"call_uuid": CALL, "request_uuid": CALL},
        status=CallStatus.COMPLETED,
        reason="normal hangup",
        code="4000",
        ended_by="callee",
        duration=66,
        billed=120,
        cost="0.01000",
        at=datetime(2024, 10, 25, 14, 14, 46, tzinfo=UTC),
        answered_at=datetime(2024, 10, 25, 14, 13, 40, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "kind", [Kind.ANSWER, Kind.FALLBACK, Kind.NEXT, Kind.RINGING, Kind.DIALED, None]
)
def test_a_hangup_at_any_address_is_an_end_and_wants_no_document(kind: Kind | None) -> None:
    said = read(kind, HANGUP)
    assert said.wants is None
    assert [type(event) for event in said.events] == [LegEnded]
    assert said.events[0].key == f"ended:{CALL}"


def test_an_answer_of_a_call_that_is_over_wants_no_document() -> None:
    said = read(Kind.ANSWER, INBOUND | {"CallStatus": "no-answer"})
    assert said.wants is None
    assert isinstance(said.events[0], LegEnded)
    assert said.events[0].status is CallStatus.NO_ANSWER


def test_a_hangup_without_figures() -> None:
    bare = HANGUP | {"AnswerTime": "", "Duration": "", "BillDuration": "0", "TotalCost": ""}
    bare |= {"CallStatus": "busy", "HangupCauseCode": "3010"}
    (event,) = read(Kind.ENDED, bare).events
    assert isinstance(event, LegEnded)
    assert (event.status, event.duration, event.billed, event.cost) == (
        CallStatus.BUSY,
        None,
        0,
        None,
    )


@pytest.mark.parametrize(
    ("code", "word", "status"),
    [
        ("4000", "completed", CallStatus.COMPLETED),
        ("4010", "completed", CallStatus.COMPLETED),
        ("3000", "no-answer", CallStatus.NO_ANSWER),
        ("6010", "timeout", CallStatus.NO_ANSWER),
        ("3010", "busy", CallStatus.BUSY),
        ("3020", "failed", CallStatus.REJECTED),
        ("3110", "failed", CallStatus.REJECTED),
        ("1000", "cancel", CallStatus.CANCELED),
        ("2030", "failed", CallStatus.FAILED),
        ("7011", "completed", CallStatus.FAILED),
        ("8011", "completed", CallStatus.FAILED),
        ("5000", "completed", CallStatus.COMPLETED),
        ("5000", "failed", CallStatus.FAILED),
        ("9999", "timeout", CallStatus.NO_ANSWER),
        ("9999", "something-new", CallStatus.COMPLETED),
        ("", "cancel", CallStatus.CANCELED),
    ],
)
def test_codes_and_words_of_an_end(code: str, word: str, status: CallStatus) -> None:
    (event,) = read(Kind.ENDED, HANGUP | {"HangupCauseCode": code, "CallStatus": word}).events
    assert isinstance(event, LegEnded)
    assert event.status is status
    assert event.code == code
    assert event.ran_out is (code == "4010")


def test_every_code_of_the_reference_is_in_the_table() -> None:
    blocks = {
        1000: [1000, 1010, 1020],
        2000: [2000, 2010, 2020, 2030, 2040, 2050, 2060, 2070],
        3000: [3000, 3010, 3020, 3030, 3040, 3050, 3070, 3080, 3090, 3100, 3110, 3120, 3130, 3140],
        4000: [4000, 4010, 4020, 4030, 4240, 4250],
        5000: [5000, 5010, 5020, 5030],
        6000: [6000, 6010, 6020],
        7000: [7011, 7012, 7013, 7014, 7022, 7023, 7024, 7032, 7033, 7034],
        8000: [8011, 8012, 8013, 8014],
        9000: [9000, 9100, 9110],
    }
    assert set(HANGUPS) == {"0", *(str(code) for codes in blocks.values() for code in codes)}
    assert all(reason for _, reason in HANGUPS.values())


WORDS = ("true", "false")


@pytest.mark.parametrize(
    ("word", "kind"), [("true", MachineKind.MACHINE), ("false", MachineKind.HUMAN)]
)
def test_machine_detection(word: str, kind: MachineKind) -> None:
    said = read(Kind.MACHINE, MACHINE | {"Machine": word})
    (event,) = said.events
    assert isinstance(event, MachineDetected)
    assert (event.kind, event.raw, said.wants) == (kind, word, None)


def test_detections_that_contradict_each_other_are_two_facts() -> None:
    keys = [read(Kind.MACHINE, MACHINE | {"Machine": word}).events[0].key for word in WORDS]
    assert len(set(keys)) == len(WORDS)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("StartStream", "started"),
        ("StopStream", "stopped"),
        ("DroppedStream", "failed"),
        ("DegradedStream", "degraded"),
        ("started", "started"),
        ("stopped", "stopped"),
        ("failed", "failed"),
    ],
)
def test_stream_reports_in_both_vocabularies(word: str, state: str) -> None:
    fields = {
        "Event": word,
        "CallUUID": CALL,
        "StreamID": "20170ada-f610-433b-8758-c02a2aab3662",
        "ServiceURL": "wss://voice.example.com/ws",
        "Timestamp": "2024-10-25T14:13:37Z",
        "StatusReason": "completed",
        "Duration": "12",
        "From": "14155550100",
        "To": "14155550199",
        "Direction": "inbound",
    }
    (event,) = read(Kind.STREAM, fields).events
    assert isinstance(event, StreamReported)
    assert (event.state, event.reason, event.leg) == (state, "completed", "media")


def test_degradations_of_a_stream_are_different_facts() -> None:
    fields = {"Event": "DegradedStream", "StreamID": "s", "CallUUID": CALL}
    keys = {
        read(Kind.STREAM, fields | {"Timestamp": str(second)}).events[0].key for second in range(3)
    }
    assert len(keys) == 3


API_RECORDING = {
    "api_id": "c7b69074-0000-4000-8000-000000000000",
    "record_url": "https://media.plivo.com/v1/Account/MAX/Recording/r1.mp3",
    "call_uuid": CALL,
    "recording_id": "r1",
    "recording_duration": "7",
    "recording_duration_ms": "7560.00000",
    "recording_start_ms": "1412232110710.4",
    "recording_end_ms": "1412232118270",
}
XML_RECORDING = {
    "RecordUrl": "https://media.plivo.com/v1/Account/MAX/Recording/r1.wav",
    "RecordingID": "r1",
    "RecordingDuration": "7",
    "RecordingDurationMs": "7560",
    "RecordingStartMs": "1412232110710",
    "RecordingEndMs": "1412232118270",
    "CallUUID": CALL,
}


@pytest.mark.parametrize(("fields", "suffix"), [(API_RECORDING, "mp3"), (XML_RECORDING, "wav")])
def test_recordings_in_both_spellings(fields: dict[str, str], suffix: str) -> None:
    said = read(Kind.RECORDING, fields)
    (event,) = said.events
    assert isinstance(event, RecordingReady)
    assert (event.recording, event.duration_ms) == ("r1", 7560)
    assert event.url.endswith(suffix)
    assert said.call_ids == {"call_uuid": CALL}
    assert said.unknown == {}


def test_an_early_recording_report_says_that_it_runs_and_hides_no_later_one() -> None:
    early = XML_RECORDING | {
        name: "-1"
        for name in XML_RECORDING
        if name.startswith("Recording") and name != "RecordingID"
    }
    (first,) = read(Kind.RECORDING, early).events
    (second,) = read(Kind.RECORDING, XML_RECORDING).events
    assert isinstance(first, RecordingStarted)
    assert isinstance(second, RecordingReady)
    assert first.key != second.key


def test_a_recording_in_whole_seconds_only() -> None:
    fields = without(XML_RECORDING, "RecordingDurationMs")
    (event,) = read(Kind.RECORDING, fields).events
    assert isinstance(event, RecordingReady)
    assert event.duration_ms == 7000


@pytest.mark.parametrize("missing", ["RecordUrl", "RecordingID"])
def test_a_recording_needs_its_id_and_address(missing: str) -> None:
    assert refusal(Kind.RECORDING, without(XML_RECORDING, missing)) == 400


@pytest.mark.parametrize(
    ("status", "cause", "result"),
    [
        ("completed", "NORMAL_CLEARING", TransferResult.BRIDGED),
        ("busy", "USER_BUSY", TransferResult.BUSY),
        ("no-answer", "NO_ANSWER", TransferResult.NO_ANSWER),
        ("timeout", "ORIGINATOR_CANCEL", TransferResult.NO_ANSWER),
        ("failed", "UNALLOCATED_NUMBER", TransferResult.FAILED),
        ("failed", "CALL_REJECTED", TransferResult.DECLINED),
        ("busy", "CALL_REJECTED", TransferResult.DECLINED),
        ("cancel", "", TransferResult.FAILED),
        ("something-new", "", TransferResult.FAILED),
    ],
)
def test_the_result_of_a_dial(status: str, cause: str, result: TransferResult) -> None:
    fields = DIALLED | {"DialStatus": status, "DialHangupCause": cause, "DialBLegUUID": ""}
    said = read(Kind.DIALED, fields, reference="t-1")
    assert said.wants is Reason.NEXT
    assert said.call_ids == {"call_uuid": CALL}
    (event,) = said.events
    assert isinstance(event, TransferReported)
    assert (event.transfer, event.result) == ("t-1", result)


def test_two_transfers_of_a_call_are_two_facts() -> None:
    keys = {read(Kind.DIALED, DIALLED, reference=name).events[0].key for name in ("t-1", "t-2")}
    assert len(keys) == 2


def test_the_end_of_a_target_is_never_the_end_of_the_call() -> None:
    said = read(Kind.LEG, LEG, reference="t-1")
    assert said.call_ids == {"call_uuid": CALL}
    assert said.wants is None
    (event,) = said.events
    assert event == LegEnded(
        key=f"leg:{TARGET}:ended",
        leg="target:2",
        carrier_ids={"target:2": TARGET},
        status=CallStatus.COMPLETED,
        reason="normal hangup",
        code="4000",
        ended_by="callee",
        duration=31,
        billed=60,
        cost="0.00500",
    )


@pytest.mark.parametrize(("action", "bridged"), [("answer", False), ("connected", True)])
def test_a_target_answers_and_is_connected(action: str, bridged: bool) -> None:
    (event,) = read(Kind.LEG, LEG | {"DialAction": action}, reference="t-1").events
    assert isinstance(event, LegAnswered)
    assert (event.transfer, event.bridged, event.leg) == ("t-1", bridged, "target:2")


def test_a_legs_event_stands_in_for_a_missing_action() -> None:
    fields = without(LEG, "DialAction", "DialBLegPosition") | {"Event": "DialConnected"}
    (event,) = read(Kind.LEG, fields).events
    assert isinstance(event, LegAnswered)
    assert event.leg == "target:1"


def test_a_plain_hangup_at_a_targets_address_does_not_end_the_call() -> None:
    (event,) = read(Kind.LEG, LEG | {"Event": "Hangup"}).events
    assert event.leg == "target:2"


def test_keys_pressed_by_a_target_are_kept() -> None:
    fields = LEG | {"DialAction": "digits", "Event": "DialDigits", "DialDigitsMatch": "12"}
    (event,) = read(Kind.LEG, fields).events
    assert isinstance(event, Unrecognised)
    assert event.leg == "target:2"


@pytest.mark.parametrize(
    ("kind", "wants"), [(Kind.NEXT, Reason.NEXT), (Kind.TRANSFER, Reason.TRANSFER)]
)
def test_requests_for_a_document(kind: Kind, wants: Reason) -> None:
    said = read(kind, INBOUND | {"Event": "Redirect", "CallStatus": "in-progress"})
    assert (said.wants, said.events) == (wants, ())
    assert said.call_ids == {"call_uuid": CALL}


def test_gathered_digits() -> None:
    said = read(Kind.GATHERED, INBOUND | {"Digits": "12#", "CallStatus": "in-progress"}, "menu")
    (event,) = said.events
    assert isinstance(event, DigitsGathered)
    assert (event.digits, said.wants) == ("12#", Reason.GATHERED)
    (other,) = read(Kind.GATHERED, INBOUND | {"Digits": "12#"}, "second menu").events
    assert event.key != other.key


@pytest.mark.parametrize("kind", [Kind.RINGING, Kind.ENDED, Kind.MACHINE])
@pytest.mark.parametrize("event", ["StartApp", "SomethingNew"])
def test_an_event_at_the_wrong_address_is_kept_and_starts_nothing(kind: Kind, event: str) -> None:
    said = read(kind, ANSWER | {"Event": event})
    assert said.wants is None
    assert [type(event) for event in said.events] == [Unrecognised]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (ANSWER, AnswerRequested),
        (RING, CallRinging),
        (HANGUP, LegEnded),
        (MACHINE, MachineDetected),
    ],
)
def test_an_address_without_our_query_is_read_by_its_event(
    fields: dict[str, str], kind: type[Any]
) -> None:
    said = read(None, fields)
    assert isinstance(said.events[0], kind)
    assert said.wants is (Reason.ANSWER if kind is AnswerRequested else None)


def test_unknown_fields_are_kept() -> None:
    said = read(Kind.ANSWER, ANSWER | {"Brand-New": "x", "X-PH-Customer": "42"})
    assert said.unknown == {"Brand-New": "x", "X-PH-Customer": "42"}
    assert said.wants is Reason.ANSWER


def test_a_repeated_field_is_refused() -> None:
    pairs = (*ANSWER.items(), ("CallStatus", "in-progress"))
    assert refusal(Kind.ANSWER, pairs) == 400


def test_an_unknown_field_may_stand_twice() -> None:
    """A SIP header of the caller's may: it is no reason to lose the call."""
    pairs = (*ANSWER.items(), ("X-PH-Team", "1"), ("X-PH-Team", "2"))
    assert read(Kind.ANSWER, pairs).unknown["X-PH-Team"] == "2"


REQUIRED = [
    *(
        (Kind.ANSWER, ANSWER, name)
        for name in ("CallUUID", "From", "To", "Direction", "CallStatus")
    ),
    (Kind.RINGING, RING, "CallUUID"),
    (Kind.ENDED, HANGUP, "CallUUID"),
    (Kind.ENDED, HANGUP, "CallStatus"),
    (Kind.DIALED, DIALLED, "DialStatus"),
    (Kind.LEG, LEG, "DialBLegUUID"),
]


@pytest.mark.parametrize(("kind", "fields", "name"), REQUIRED)
def test_a_missing_required_field_is_refused(kind: Kind, fields: dict[str, str], name: str) -> None:
    assert refusal(kind, without(fields, name)) == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BillRate", "5e-05"),
        ("SessionStart", "2024-10-25T14:13:37Z"),
        ("CallerName", "a\nb"),
        ("CallerName", "x" * 1025),
        ("ALegUUID", "ABC"),
    ],
)
def test_a_strange_field_that_nothing_follows_from_is_kept_and_costs_no_call(
    name: str, value: str
) -> None:
    callback = read(Kind.ANSWER, ANSWER | {name: value})
    assert isinstance(callback.events[0], AnswerRequested)
    assert callback.unknown[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CallUUID", "../../etc"),
        ("CallUUID", ""),
        ("CallUUID", "x" * 65),
        ("Direction", "sideways"),
        ("CallStatus", "COMPLETED!"),
        ("From", "14155550100<script>"),
        ("Event", "Start App"),
        ("DialBLegDuration", "long"),
    ],
)
def test_a_malformed_field_is_refused(name: str, value: str) -> None:
    assert refusal(Kind.ANSWER, ANSWER | {name: value}) == 400


def test_an_unknown_status_word_is_no_fault() -> None:
    assert read(Kind.ANSWER, ANSWER | {"CallStatus": "early-media"}).wants is Reason.ANSWER


GOLDEN = [
    (Kind.ANSWER, ANSWER),
    (Kind.ANSWER, INBOUND),
    (Kind.ANSWER, HANGUP),
    (Kind.RINGING, RING),
    (Kind.ENDED, HANGUP),
    (Kind.MACHINE, MACHINE),
    (Kind.DIALED, DIALLED),
    (Kind.LEG, LEG),
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
    if v3_texts("POST", forged.url, pairs) != v3_texts("POST", honest.url, honest.pairs):
        return  # the new names sort differently, so this form has another signature
    expected = parse(honest)
    try:
        said = parse(forged)
    except RequestRefused:
        return
    assert said.wants is expected.wants
    for event, true_event in zip(said.events, expected.events, strict=True):
        assert type(event) is type(true_event)
        assert event.key == true_event.key
        assert getattr(event, "status", None) == getattr(true_event, "status", None)
        assert getattr(event, "cost", None) == getattr(true_event, "cost", None)


@pytest.mark.parametrize("name", ["CallUUID", "To", "Direction", "CallStatus", "Event"])
def test_a_required_field_inside_another_is_a_forgery(name: str) -> None:
    ordered = sorted(INBOUND.items())
    at = [key for key, _ in ordered].index(name)
    hidden = ordered[at - 1][0], ordered[at - 1][1] + name + INBOUND[name]
    pairs = (*ordered[: at - 1], hidden, *ordered[at + 1 :]) if at else ()
    if not at:
        pairs = ((name + INBOUND[name] + ordered[1][0], ordered[1][1]), *ordered[2:])
    assert refusal(Kind.ANSWER, pairs) == 403


words = st.text(max_size=30)


@given(
    kind=st.sampled_from([None, *Kind]),
    pairs=st.lists(st.tuples(st.sampled_from([*ANSWER, *HANGUP, *LEG, *DIALLED]) | words, words)),
)
def test_whatever_comes_is_read_or_refused(kind: Kind | None, pairs: list[tuple[str, str]]) -> None:
    try:
        read(kind, tuple(pairs))
    except RequestRefused as refused:
        assert refused.status in (400, 403)  # noqa: PT017


@pytest.mark.parametrize(("kind", "fields"), GOLDEN)
def test_a_repeat_has_the_same_keys(kind: Kind, fields: dict[str, str]) -> None:
    first, second = read(kind, fields), read(kind, dict(reversed(fields.items())))
    assert [event.key for event in first.events] == [event.key for event in second.events]
