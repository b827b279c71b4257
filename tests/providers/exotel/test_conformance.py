"""Exotel under the conformance kit: with our token as the only proof, and with Basic auth beside it."""

from __future__ import annotations

from base64 import b64encode

import pytest
from tests.providers.exotel.captured import (
    BOUNDARY,
    BRACKETED,
    CALL,
    CREATED,
    IDS,
    INCOMING,
    INCOMING_IDS,
    MULTIPART,
    NESTED,
    OUTGOING,
    OVER,
    PROGRESS,
    RECORDING,
    SID,
    STREAM_SID,
    TARGET,
    TERMINAL,
)

from linecard import (
    AnswerRequested,
    CallAnswered,
    CallRinging,
    CallStatus,
    CarrierRequest,
    Direction,
    Kind,
    LegAnswered,
    LegEnded,
    MachineDetected,
    MachineKind,
    RecordingReady,
    StreamReported,
    TransferReported,
    TransferResult,
)
from linecard.testing import (
    ANY,
    AUDIO,
    DIGIT,
    MARK,
    STREAM,
    ApiSamples,
    Means,
    MediaSamples,
    ProviderConformance,
    Sample,
    Says,
    Words,
    add_headers,
)
from linecard_exotel import Exotel


def problem(status: int, code: str) -> Says:
    """An error of v1."""
    return Says(status, {"RestException": {"Status": status, "Message": "no", "Code": code}})


def snake(profile: str, encoding: str, bits: str, codec: str) -> MediaSamples:
    """The messages as Exotel's pages have them: snake case, numbers as texts."""
    of_stream = {"stream_sid": STREAM}
    format_ = {"encoding": encoding, "sample_rate": "8000", "bit_rate": bits}
    inside = {"stream_sid": STREAM, "call_sid": CALL, "account_sid": SID}
    parties = {"from": "+919876543210", "to": "+918047491899", "custom_parameters": {"k": "v"}}
    heard = {"chunk": "2", "timestamp": "200", "payload": AUDIO}
    ended = {"call_sid": CALL, "account_sid": SID, "reason": "callended"}
    return MediaSamples(
        profile=profile,
        before=({"event": "connected"},),
        start={
            "event": "start",
            "sequence_number": "1",
            **of_stream,
            "start": {**inside, **parties, "media_format": format_},
        },
        media={"event": "media", "sequence_number": "3", **of_stream, "media": heard},
        dtmf={
            "event": "dtmf",
            "sequence_number": "7",
            **of_stream,
            "dtmf": {"digit": DIGIT, "duration": "100"},
        },
        mark={"event": "mark", "sequence_number": "15", **of_stream, "mark": {"name": MARK}},
        stop={"event": "stop", "sequence_number": "20", **of_stream, "stop": ended},
        writes=WRITES,
        ids=IDS,
        encoding=codec,
        rate=8000,
    )


WRITES: dict[str, dict[str, object]] = {
    "play": {
        "event": "media",
        "stream_sid": STREAM,
        "sequence_number": ANY,
        "media": {"chunk": ANY, "timestamp": ANY, "payload": AUDIO},
    },
    "clear": {"event": "clear", "stream_sid": STREAM},
    "mark": {"event": "mark", "stream_sid": STREAM, "mark": {"name": MARK}},
}


class TestExotel(ProviderConformance):
    provider = Exotel
    settings = {"api_key": "key0123456789", "api_token": "token0123456789", "sid": SID}
    documents = "json"
    public = frozenset({"api_key"})
    # The flow has its own next applet and its own codec; it refuses in one way, and reports no stream.
    forgets = frozenset(
        {"Redirect.url", "Dial.action_url", "Stream.profile", "Stream.status_url", "Reject.busy"}
    )
    ours, customer = "+918047113155", "+919494865411"

    answer = Sample(
        kind=Kind.ANSWER,
        method="GET",
        form=INCOMING,
        means=Means(
            AnswerRequested, direction=Direction.INBOUND, from_="+919441233609", to="+918037091588"
        ),
        required=("CallSid", "CallTo"),
        ids=INCOMING_IDS,
        call=False,
        reference="n1.proof",
    )
    answer_outgoing = Sample(
        kind=Kind.ANSWER,
        method="GET",
        form=OUTGOING,
        means=Means(
            AnswerRequested, direction=Direction.OUTBOUND, from_="+918047113155", to="+919494865411"
        ),
        required=("CallSid", "CallTo"),
        call=False,
        reference="n1.proof",
    )
    answer_posted = Sample(
        kind=Kind.ANSWER,
        form=INCOMING,
        means=Means(AnswerRequested, from_="+919441233609", to="+918037091588"),
        required=("CallSid", "CallTo"),
        ids=INCOMING_IDS,
        call=False,
        reference="n1.proof",
    )
    back = Sample(
        kind=Kind.RETURN,
        method="GET",
        form=INCOMING | {"DialCallStatus": "no-answer", "DialWhomNumber": "09812345678"},
        required=("CallSid",),
        ids=INCOMING_IDS,
        call=False,
        reference="n1.proof",
    )
    after_our_end = Sample(
        kind=Kind.NEXT,
        method="GET",
        form=BRACKETED,
        means=(
            Means(StreamReported, state="stopped", reason="bot"),
            Means(RecordingReady, url=RECORDING),
        ),
        required=("CallSid",),
        ids=IDS,
        owned=(STREAM_SID,),
        call=False,
        reference="n1.proof",
    )
    after_the_callers_end = Sample(
        kind=Kind.NEXT,
        method="GET",
        form=NESTED,
        means=(
            Means(StreamReported, state="stopped", reason="user"),
            Means(RecordingReady, url=RECORDING),
            Means(LegEnded, status=CallStatus.COMPLETED, ended_by="caller", leg="caller"),
        ),
        required=("CallSid",),
        ids=IDS,
        owned=(STREAM_SID,),
        call=False,
        reference="n1.proof",
    )
    whom_to_ring = Sample(
        kind=Kind.DIAL,
        method="GET",
        form=INCOMING | {"digits": '"8"', "flow_id": "92", "tenant_id": "7"},
        required=("CallSid",),
        ids=INCOMING_IDS,
        call=False,
        reference="n1.proof",
    )
    ended = Sample(
        kind=Kind.ENDED,
        body=MULTIPART,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        means=Means(LegEnded, status=CallStatus.COMPLETED, leg="caller"),
        ids=IDS,
    )
    terminal = Sample(
        kind=Kind.ENDED,
        json=TERMINAL,
        means=(
            Means(MachineDetected, kind=MachineKind.HUMAN),
            Means(LegEnded, status=CallStatus.COMPLETED, duration=335, leg="caller"),
            Means(RecordingReady, url=RECORDING),
        ),
        required=("CallSid",),
        ids=IDS,
        owned=(STREAM_SID,),
    )
    answered = Sample(
        kind=Kind.ENDED, json=PROGRESS, means=Means(CallAnswered), required=("CallSid",), ids=IDS
    )
    rings = Sample(
        kind=Kind.ENDED,
        json=PROGRESS | {"EventType": "ringing", "Status": "ringing"},
        means=Means(CallRinging),
        required=("CallSid",),
        ids=IDS,
    )
    target_answered = Sample(
        kind=Kind.LEG,
        method="GET",
        form=TARGET,
        means=Means(LegAnswered, leg="target:1", transfer="t1", bridged=True),
        required=("CallSid",),
        ids=IDS,
        reference="t1",
    )
    target_free = Sample(
        kind=Kind.LEG,
        method="GET",
        form=TARGET | {"EventType": "Terminal", "Status": "free"},
        means=Means(LegEnded, leg="target:1"),
        required=("CallSid",),
        ids=IDS,
        reference="t1",
    )
    target_busy = Sample(
        kind=Kind.LEG,
        method="GET",
        form=TARGET | {"EventType": "Terminal", "Status": "free", "DialCallStatus": "busy"},
        means=(
            Means(LegEnded, leg="target:1", status=CallStatus.BUSY),
            Means(TransferReported, transfer="t1", result=TransferResult.BUSY),
        ),
        required=("CallSid",),
        ids=IDS,
        reference="t1",
    )
    target_rings = Sample(kind=Kind.LEG, method="GET", form=TARGET | {"EventType": "Ringing"})

    # A word of no table is an end: a call if it lasted.
    ends = Words(
        terminal,
        "Status",
        {
            "completed": CallStatus.COMPLETED,
            "failed": CallStatus.FAILED,
            "busy": CallStatus.BUSY,
            "no-answer": CallStatus.NO_ANSWER,
            "canceled": CallStatus.CANCELED,
            "queued": CallStatus.QUEUED,
            "ringing": CallStatus.DIALING,
            "in-progress": CallStatus.DIALING,
        },
        unknown=CallStatus.COMPLETED,
    )
    progress = Words(
        terminal,
        "EventType",
        {
            "terminal": CallStatus.COMPLETED,
            "answered": CallStatus.IN_PROGRESS,
            "ringing": CallStatus.RINGING,
        },
    )

    voicebot = snake("voicebot", "audio/x-raw", "16", "L16")
    connect = snake("connect", "raw/slin", "128kbps", "L16")
    legs = snake("legs", "audio/x-mulaw;rate=8000", "64", "PCMU")
    # Exotel's own samples have camel case, and numbers as numbers.
    camel = MediaSamples(
        before=({"event": "connected", "protocol": "Call", "version": "1.0.0"},),
        start={
            "event": "start",
            "streamSid": STREAM,
            "start": {
                "streamSid": STREAM,
                "callSid": CALL,
                "accountSid": SID,
                "mediaFormat": {"encoding": "base64", "sampleRate": 8000, "bitRate": 128},
            },
        },
        media={
            "event": "media",
            "streamSid": STREAM,
            "media": {"chunk": 2, "timestamp": 200, "payload": AUDIO},
        },
        dtmf={"event": "dtmf", "streamSid": STREAM, "dtmf": {"digit": DIGIT}},
        mark={"event": "mark", "streamSid": STREAM, "mark": {"name": MARK}},
        stop={"event": "stop", "streamSid": STREAM, "stop": {"reason": "stopped"}},
        writes=WRITES,
        ids=IDS,
        encoding="L16",
        rate=8000,
    )
    api = ApiSamples(
        placed=Says(200, {"Call": CREATED}),
        ids=IDS,
        refused=problem(400, "INVALID_PARAMETER"),
        done=Says(200, {"Call": OVER}),
        gone=problem(404, "NOT_FOUND"),
        others={
            "find_call": Says(200, {"Call": OVER}),
            "search_calls": Says(200, {"Metadata": {"Total": 1}, "Calls": [CREATED]}),
            "fetch_recording": Says(200, {"Call": OVER}),
        },
    )


@pytest.mark.slow
class TestExotelWithPassword(ProviderConformance):
    """Whatever a person pastes at Exotel, and the media socket, carries Basic auth as well."""

    provider = Exotel
    settings = {
        **TestExotel.settings,
        "webhook_user": "linecard",
        "webhook_password": "a-long-password",
    }
    public = TestExotel.public
    options = TestExotel.options
    ours, customer = TestExotel.ours, TestExotel.customer

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        if request.call is not None:
            return request
        user = f"{self.settings['webhook_user']}:{self.settings['webhook_password']}"
        return add_headers(request, {"authorization": f"Basic {b64encode(user.encode()).decode()}"})

    answer = TestExotel.answer
    after_our_end = TestExotel.after_our_end
    whom_to_ring = TestExotel.whom_to_ring
    back = TestExotel.back
    ended = TestExotel.ended
    voicebot = TestExotel.voicebot
