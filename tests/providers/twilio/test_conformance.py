"""Twilio under the conformance kit."""

from __future__ import annotations

from tests.providers.twilio.captured import (
    ACCOUNT,
    BUSY,
    CALL,
    CREATED,
    DIALLED,
    IDS,
    INCOMING,
    LEG,
    NUMBER,
    OF_CALL,
    OUTGOING,
    OVER,
    PRICES,
    PROGRESS,
    RECORDED,
    RECORDING,
    REPORTED,
    ROOM_REPORT,
    STARTED,
    STREAM_SID,
    TARGET,
)
from twilio.request_validator import RequestValidator

from linecard import (
    AnswerRequested,
    CallAnswered,
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
    RecordingFailed,
    RecordingReady,
    RecordingStarted,
    StreamReported,
    TransferReported,
    TransferResult,
)
from linecard.testing import (
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
from linecard_twilio import Twilio


def problem(status: int, code: int) -> Says:
    """An error of Twilio's REST API."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Says(status, {"code": code, "message": "no", "more_info": more, "status": status})


def listed(name: str, *items: object) -> Says:
    """A page of a list."""
    return Says(200, {name: list(items), "page": 0, "page_size": 50, "next_page_uri": None})


class TestTwilio(ProviderConformance):
    provider = Twilio
    settings = {"account_sid": ACCOUNT, "auth_token": "auth_token_0123456789"}
    documents = "xml"
    # A recording of a document ends with its call; which keys count, core sees from the digits.
    forgets = frozenset({"Record.max_seconds", "Gather.valid"})
    # The vendor's own validator takes the address with and without its port.
    signs_port = False
    public = frozenset({"api_key"})

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        validator = RequestValidator(self.settings["auth_token"])
        pairs = dict(request.pairs) if request.method == "POST" else {}
        signature = validator.compute_signature(request.url, pairs)
        return add_headers(request, {"x-twilio-signature": signature})

    answer = Sample(
        kind=Kind.ANSWER,
        form=INCOMING,
        means=Means(
            AnswerRequested, direction=Direction.INBOUND, from_="+14155550123", to="+14155550199"
        ),
        required=("CallSid", "From", "To", "Direction", "CallStatus"),
        ids=IDS,
        call=False,
    )
    answer_by_get = Sample(
        kind=Kind.ANSWER,
        method="GET",
        form=INCOMING,
        means=Means(AnswerRequested, from_="+14155550123", to="+14155550199"),
        required=("CallSid", "From", "To", "Direction", "CallStatus"),
        ids=IDS,
        call=False,
    )
    answered_by_a_machine = Sample(
        kind=Kind.ANSWER,
        form=OUTGOING | {"AnsweredBy": "machine_start", "MachineDetectionDuration": "2345"},
        means=Means(AnswerRequested, direction=Direction.OUTBOUND, machine=MachineKind.MACHINE),
        required=("CallSid", "From", "To", "Direction", "CallStatus"),
        ids=IDS,
    )
    fallback = Sample(
        kind=Kind.FALLBACK,
        form=OUTGOING | {"ErrorCode": "11205", "ErrorUrl": "https://voice.example.com/"},
        means=Means(AnswerRequested, direction=Direction.OUTBOUND),
        required=("CallSid",),
        ids=IDS,
    )
    tail = Sample(kind=Kind.NEXT, form=OUTGOING, required=("CallSid",), ids=IDS)
    moved = Sample(kind=Kind.TRANSFER, form=OUTGOING, required=("CallSid",), ids=IDS)
    gathered = Sample(
        kind=Kind.GATHERED,
        form=OUTGOING | {"Digits": "12#", "FinishedOnKey": "#", "msg": "Gather End"},
        means=Means(DigitsGathered, digits="12#", leg="caller"),
        required=("CallSid",),
        ids=IDS,
        reference="g1",
    )
    whispered = Sample(
        kind=Kind.WHISPER,
        form={name: text for name, text in LEG.items() if name != "CallbackSource"},
        required=("CallSid",),
        ids=IDS,
        reference="t1",
        query={"of": "whisper", "n": "1"},
    )
    accepted = Sample(
        kind=Kind.GATHERED,
        form={name: text for name, text in LEG.items() if name != "CallbackSource"}
        | {"Digits": "1"},
        means=Means(DigitsGathered, digits="1", leg="target:2"),
        ids=IDS,
        owned=(TARGET,),
        reference="t1",
        query={"of": "whisper", "n": "2"},
    )
    initiated = Sample(
        kind=Kind.RINGING, form=PROGRESS | {"CallStatus": "initiated", "SequenceNumber": "0"}
    )
    ringing = Sample(
        kind=Kind.RINGING,
        form=PROGRESS | {"CallStatus": "ringing", "SequenceNumber": "1"},
        means=Means(CallRinging, carrier_ids=IDS),
        required=("CallSid", "CallStatus"),
        ids=IDS,
    )
    in_progress = Sample(
        kind=Kind.RINGING, form=PROGRESS, means=Means(CallAnswered), required=("CallSid",), ids=IDS
    )
    ended = Sample(
        kind=Kind.ENDED,
        form=PROGRESS | OVER,
        means=Means(LegEnded, status=CallStatus.COMPLETED, duration=66, code="200", leg="caller"),
        required=("CallSid", "CallStatus"),
        ids=IDS,
    )
    machine = Sample(
        kind=Kind.MACHINE,
        form=OF_CALL | {"AnsweredBy": "human", "MachineDetectionDuration": "2345"},
        means=Means(MachineDetected, kind=MachineKind.HUMAN, raw="human"),
        required=("CallSid", "AnsweredBy"),
        ids=IDS,
    )
    stream_started = Sample(
        kind=Kind.STREAM,
        form=REPORTED,
        means=Means(StreamReported, state="started", leg="media"),
        required=("StreamSid", "StreamEvent"),
        ids=IDS,
        owned=(STREAM_SID,),
    )
    stream_failed = Sample(
        kind=Kind.STREAM,
        form=REPORTED | {"StreamEvent": "stream-error", "StreamError": "31920"},
        means=Means(StreamReported, state="failed", reason="31920"),
        owned=(STREAM_SID,),
    )
    records = Sample(
        kind=Kind.RECORDING,
        form=RECORDED | {"RecordingStatus": "in-progress"},
        means=Means(RecordingStarted, recording=RECORDING),
        required=("RecordingSid", "RecordingStatus"),
        ids=IDS,
        owned=(RECORDING,),
    )
    recorded = Sample(
        kind=Kind.RECORDING,
        form=RECORDED,
        means=Means(
            RecordingReady,
            recording=RECORDING,
            url=RECORDED["RecordingUrl"] + "?RequestedChannels=2",
            channels=2,
            duration_ms=7000,
        ),
        required=("RecordingSid", "RecordingStatus", "RecordingUrl"),
        ids=IDS,
        owned=(RECORDING,),
    )
    not_recorded = Sample(
        kind=Kind.RECORDING,
        form=RECORDED | {"RecordingStatus": "absent", "ErrorCode": "16101"},
        means=Means(RecordingFailed),
        owned=(RECORDING,),
    )
    dialled = Sample(
        kind=Kind.DIALED,
        form=DIALLED,
        means=(
            Means(LegAnswered, leg="target:1", transfer="t1", bridged=True),
            Means(TransferReported, transfer="t1", result=TransferResult.BRIDGED),
        ),
        required=("CallSid", "DialCallStatus"),
        ids=IDS,
        reference="t1",
    )
    target_answered = Sample(
        kind=Kind.LEG,
        form=LEG,
        means=Means(LegAnswered, leg="target:2", transfer="t1", bridged=True),
        required=("CallSid",),
        ids=IDS,
        reference="t1",
        query={"of": "dial", "n": "2"},
    )
    target_busy = Sample(
        kind=Kind.LEG,
        form=LEG | BUSY,
        means=Means(LegEnded, leg="target:1", status=CallStatus.BUSY),
        required=("CallSid",),
        ids=IDS,
        reference="t1",
        query={"of": "dial", "n": "1"},
    )
    # A leg that was called into a room has no parent: nothing in its report names the caller's.
    consulted_busy = Sample(
        kind=Kind.LEG,
        form={name: text for name, text in (LEG | BUSY).items() if name != "ParentCallSid"},
        means=(
            Means(LegEnded, leg="target:1", status=CallStatus.BUSY),
            Means(TransferReported, transfer="t2", result=TransferResult.BUSY),
        ),
        required=("CallSid",),
        reference="t2",
        query={"of": "room", "n": "1"},
    )
    joined = Sample(
        kind=Kind.LEG,
        form=ROOM_REPORT,
        means=Means(LegAnswered, leg="target:1", transfer="t2", bridged=True),
        reference="t2",
    )
    left = Sample(
        kind=Kind.LEG,
        form=ROOM_REPORT
        | {
            "StatusCallbackEvent": "participant-leave",
            "ReasonParticipantLeft": "participant_hung_up",
        },
        reference="t2",
    )

    ends = Words(
        ended,
        "CallStatus",
        {
            "completed": CallStatus.COMPLETED,
            "busy": CallStatus.BUSY,
            "no-answer": CallStatus.NO_ANSWER,
            "failed": CallStatus.FAILED,
            "canceled": CallStatus.CANCELED,
            "queued": CallStatus.QUEUED,
            "initiated": CallStatus.DIALING,
            "ringing": CallStatus.RINGING,
            "in-progress": CallStatus.IN_PROGRESS,
        },
    )
    progress = Words(
        ringing,
        "CallStatus",
        {
            "queued": CallStatus.QUEUED,
            "initiated": CallStatus.DIALING,
            "ringing": CallStatus.RINGING,
            "in-progress": CallStatus.IN_PROGRESS,
        },
    )
    declined = Words(
        Sample(kind=Kind.ENDED, form=PROGRESS | OVER | {"SipResponseCode": "603"}),
        "CallStatus",
        {
            "busy": CallStatus.REJECTED,
            "no-answer": CallStatus.REJECTED,
            "failed": CallStatus.REJECTED,
        },
    )

    # Twilio: media streams, WebSocket messages. All numbers are texts.
    media = MediaSamples(
        before=({"event": "connected", "protocol": "Call", "version": "1.0.0"},),
        start={
            "event": "start",
            "sequenceNumber": "1",
            "start": {
                "accountSid": ACCOUNT,
                "streamSid": STREAM,
                "callSid": CALL,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"call": "c1"},
            },
            "streamSid": STREAM,
        },
        media={
            "event": "media",
            "sequenceNumber": "3",
            "media": {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": AUDIO},
            "streamSid": STREAM,
        },
        dtmf={
            "event": "dtmf",
            "streamSid": STREAM,
            "sequenceNumber": "5",
            "dtmf": {"track": "inbound_track", "digit": DIGIT},
        },
        mark={"event": "mark", "sequenceNumber": "4", "streamSid": STREAM, "mark": {"name": MARK}},
        stop={
            "event": "stop",
            "sequenceNumber": "5",
            "stop": {"accountSid": ACCOUNT, "callSid": CALL},
            "streamSid": STREAM,
        },
        writes={
            "play": {"event": "media", "streamSid": STREAM, "media": {"payload": AUDIO}},
            "clear": {"event": "clear", "streamSid": STREAM},
            "mark": {"event": "mark", "streamSid": STREAM, "mark": {"name": MARK}},
        },
        ids=IDS,
        encoding="PCMU",
        rate=8000,
    )
    api = ApiSamples(
        placed=Says(201, CREATED),
        ids=IDS,
        refused=problem(400, 21211),
        done=Says(200, CREATED | {"status": "completed"}),
        gone=problem(404, 20404),
        others={
            "find_call": Says(200, CREATED),
            "search_calls": listed("calls", CREATED),
            "start_recording": Says(201, STARTED),
            "stop_recording": Says(200, STARTED | {"status": "stopped"}),
            "pause_recording": Says(200, STARTED | {"status": "paused"}),
            "fetch_recording": Says(200, STARTED),
            "transfer": Says(200, CREATED),
            "connect_number": listed("incoming_phone_numbers", NUMBER),
            "disconnect_number": listed("incoming_phone_numbers", NUMBER),
            "rates": Says(200, PRICES),
        },
    )
