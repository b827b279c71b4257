"""Telnyx under the conformance kit."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from linecard import (
    AnswerRequested,
    CallAnswered,
    CallStatus,
    CarrierRequest,
    Direction,
    Kind,
    LegEnded,
    MachineDetected,
    MachineKind,
    PromptEnded,
    Reason,
    RecordingReady,
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
from linecard_telnyx import Telnyx

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CONTROL, LEG, SESSION = "v3:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ", "l-1", "s-1"
IDS = {"call_control_id": CONTROL, "call_leg_id": LEG, "call_session_id": SESSION}
BEGUN, ENDED = "2026-02-02T22:25:27.521992Z", "2026-02-02T22:25:34.021992Z"
TARGET_STATE = b64encode(b"c0ffee00c0ffee00c0ff target:1").decode()


def event(name: str, id: str, **payload: object) -> dict[str, Any]:
    """A webhook's body (Telnyx: Call Control webhooks)."""
    whole = {**IDS, "connection_id": "1494404757140276705", **payload}
    data = {"record_type": "event", "event_type": name, "id": id, "occurred_at": BEGUN}
    return {"data": {**data, "payload": whole}, "meta": {"attempt": 1}}


PARTIES = {"from": "+14155550123", "to": "+14155550100"}
NEEDED = ("data.id", "data.event_type")


class TestTelnyx(ProviderConformance):
    provider = Telnyx
    signs_sockets = False
    signs_address = False
    settings = {
        "api_key": "KEY0123456789ABCDEF_conformance",
        "public_key": b64encode(KEY.public_key().public_bytes_raw()).decode().rstrip("="),
        "connection_id": "1494404757140276705",
    }

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        stamp = str(int(request.received_at.timestamp()))
        signature = KEY.sign(stamp.encode() + b"|" + request.body)
        return add_headers(
            request,
            {
                "telnyx-timestamp": stamp,
                "telnyx-signature-ed25519": b64encode(signature).decode(),
            },
        )

    came_in = Sample(
        kind=Kind.ANSWER,
        call=False,
        json=event("call.initiated", "e-1", direction="incoming", state="parked", **PARTIES),
        means=(
            Means(
                AnswerRequested,
                direction=Direction.INBOUND,
                from_="+14155550123",
                to="+14155550100",
            ),
        ),
        required=(*NEEDED, "data.payload.to"),
        ids=IDS,
    )
    withheld = Sample(
        kind=Kind.ANSWER,
        call=False,
        json=event("call.initiated", "e-2", direction="incoming", to="+14155550100")
        | {"meta": None},
        means=(Means(AnswerRequested, from_=None),),
    )
    placed = Sample(
        kind=Kind.ENDED,
        json=event("call.initiated", "e-3", direction="outgoing", state="bridging", **PARTIES),
        wants=None,
    )
    answered = Sample(
        kind=Kind.ANSWER,
        json=event("call.answered", "e-4", state="answered", **PARTIES),
        means=(Means(AnswerRequested, direction=Direction.OUTBOUND),),
        required=(*NEEDED, "data.payload.to"),
        ids=IDS,
    )
    picked_up = Sample(
        kind=Kind.STREAM,
        json=event("call.answered", "e-5", state="answered", **PARTIES),
        means=(Means(CallAnswered),),
        wants=None,
    )
    ended = Sample(
        kind=Kind.ENDED,
        json=event(
            "call.hangup", "e-6", hangup_cause="normal_clearing", hangup_source="callee", **PARTIES
        ),
        means=(
            Means(
                LegEnded, status=CallStatus.COMPLETED, ended_by="callee", reason="normal clearing"
            ),
        ),
        required=NEEDED,
        ids=IDS,
    )
    causes = Words(
        ended,
        "data.payload.hangup_cause",
        {
            "normal_clearing": CallStatus.COMPLETED,
            "time_limit": CallStatus.COMPLETED,
            "originator_cancel": CallStatus.CANCELED,
            "timeout": CallStatus.NO_ANSWER,
            "no_answer": CallStatus.NO_ANSWER,
            "user_busy": CallStatus.BUSY,
            "call_rejected": CallStatus.REJECTED,
            "not_found": CallStatus.FAILED,
            "unspecified": CallStatus.FAILED,
        },
        unknown=CallStatus.FAILED,
    )
    target_busy = Sample(
        kind=Kind.DIALED,
        reference="t-1",
        json=event("call.hangup", "e-7", hangup_cause="user_busy", client_state=TARGET_STATE),
        means=(
            Means(LegEnded, leg="target:1", status=CallStatus.BUSY),
            Means(TransferReported, transfer="t-1", result=TransferResult.BUSY),
        ),
        wants=Reason.NEXT,
    )
    stream_over = Sample(
        kind=Kind.ENDED,
        json=event("streaming_stopped", "e-8", stream_url="wss://voice.example.com/ws/telnyx/t"),
        means=(Means(StreamReported, state="stopped", leg="media"),),
        wants=Reason.NEXT,
    )
    stream_failed = Sample(
        kind=Kind.ENDED,
        json=event(
            "streaming.failed",
            "e-9",
            failure_reason="connection refused",
            stream_params={"stream_url": "wss://voice.example.com/ws/telnyx/t"},
        ),
        means=(Means(StreamReported, state="failed", reason="connection refused"),),
        wants=Reason.NEXT,
    )
    machine = Sample(
        kind=Kind.ENDED,
        json=event("call.machine.detection.ended", "e-10", result="machine"),
        means=(Means(MachineDetected, kind=MachineKind.MACHINE, raw="machine"),),
    )
    recorded = Sample(
        kind=Kind.ENDED,
        json=event(
            "call.recording.saved",
            "e-11",
            recording_urls={"wav": "https://s3.example.com/r.wav", "mp3": None},
            recording_started_at=BEGUN,
            recording_ended_at=ENDED,
        ),
        means=(
            Means(
                RecordingReady,
                recording=f"{LEG}@{BEGUN}",
                url="https://s3.example.com/r.wav",
                duration_ms=6500,
            ),
        ),
        required=("data.payload.recording_urls", "data.payload.recording_started_at"),
    )
    spoken = Sample(
        kind=Kind.STREAM,
        json=event("call.speak.ended", "e-12", status="completed"),
        means=(Means(PromptEnded),),
        wants=None,
    )
    media = MediaSamples(
        before=({"event": "connected", "version": "1.0.0"},),
        start={
            "event": "start",
            "sequence_number": "1",
            "stream_id": STREAM,
            "start": {
                "user_id": "u",
                "call_control_id": CONTROL,
                "call_session_id": SESSION,
                "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
            },
        },
        media={
            "event": "media",
            "stream_id": STREAM,
            "media": {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": AUDIO},
        },
        dtmf={"event": "dtmf", "stream_id": STREAM, "dtmf": {"digit": DIGIT}},
        mark={"event": "mark", "stream_id": STREAM, "mark": {"name": MARK}},
        stop={"event": "stop", "stream_id": STREAM, "stop": {"call_control_id": CONTROL}},
        writes={
            "play": {"event": "media", "media": {"payload": AUDIO}},
            "clear": {"event": "clear"},
            "mark": {"event": "mark", "mark": {"name": MARK}},
        },
        ids={"call_control_id": CONTROL, "call_session_id": SESSION},
        encoding="PCMU",
        rate=8000,
    )
    api = ApiSamples(
        placed=Says(200, {"data": {"record_type": "call", "is_alive": False, **IDS}}),
        ids=IDS,
        refused=Says(422, {"errors": [{"code": "10015", "title": "Invalid value for to"}]}),
        done=Says(200, {"data": {"result": "ok"}}),
        gone=Says(422, {"errors": [{"code": "90018", "title": "Call has already ended"}]}),
    )
