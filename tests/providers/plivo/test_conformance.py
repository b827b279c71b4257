"""Plivo under the conformance kit."""

from __future__ import annotations

from tests.calls.signed import hangup_form, outbound_form, ring_form, v3_headers

from linecard import (
    AnswerRequested,
    CallRinging,
    CallStatus,
    CarrierRequest,
    Direction,
    Kind,
    LegEnded,
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
from linecard_plivo import Plivo

ID = "9834029e-58b6-11e1-b8b7-a5bd0e4e126f"
IDS = {"call_uuid": ID}


def media(encoding: str, rate: int, theirs: str, profile: str) -> MediaSamples:
    """The messages of a stream profile (Plivo: audio streaming reference)."""
    of_stream = {"streamId": STREAM}
    played = {"contentType": theirs, "sampleRate": rate, "payload": AUDIO}
    return MediaSamples(
        profile=profile,
        start={
            "event": "start",
            "start": {
                "callId": ID,
                "streamId": STREAM,
                "mediaFormat": {"encoding": theirs, "sampleRate": rate},
            },
        },
        media={"event": "media", **of_stream, "media": {"track": "inbound", "payload": AUDIO}},
        dtmf={"event": "dtmf", **of_stream, "dtmf": {"digit": DIGIT}},
        mark={"event": "playedStream", **of_stream, "name": MARK},
        stop={"event": "stop", **of_stream, "reason": "hangup"},
        writes={
            "play": {"event": "playAudio", "media": played},
            "clear": {"event": "clearAudio", **of_stream},
            "mark": {"event": "checkpoint", **of_stream, "name": MARK},
            "digits": {"event": "sendDTMF", "dtmf": DIGIT},
        },
        ids=IDS,
        encoding=encoding,
        rate=rate,
    )


class TestPlivo(ProviderConformance):
    provider = Plivo
    settings = {"auth_id": "MA" + "X" * 18, "auth_token": "auth_token_0123456789"}
    documents = "xml"

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        signed = v3_headers(
            self.settings["auth_token"],
            request.url.replace("wss:", "http:"),
            dict(request.pairs),
            request.method,
        )
        return add_headers(
            request,
            {name: value for name, value in signed.items() if "-ma-" not in name},
        )

    answer = Sample(
        kind=Kind.ANSWER,
        form=outbound_form(ID),
        means=(
            Means(
                AnswerRequested,
                direction=Direction.OUTBOUND,
                from_="+14155550123",
                to="+14155550100",
            ),
        ),
        required=("CallUUID", "From", "To", "Direction", "CallStatus"),
        ids=IDS,
    )
    ringing = Sample(
        kind=Kind.RINGING, form=ring_form(ID), means=(Means(CallRinging),), required=("CallUUID",)
    )
    ended = Sample(
        kind=Kind.ENDED,
        form=hangup_form(ID),
        means=(Means(LegEnded, status=CallStatus.COMPLETED, duration=17, billed=60),),
        required=("CallUUID", "CallStatus"),
        ids=IDS,
    )
    failed = Sample(
        kind=Kind.ENDED,
        form=hangup_form(ID, HangupCauseCode="0", Duration="0"),
        means=(Means(LegEnded, status=CallStatus.COMPLETED),),
    )
    statuses = Words(
        failed,
        "CallStatus",
        {
            "completed": CallStatus.COMPLETED,
            "busy": CallStatus.BUSY,
            "failed": CallStatus.FAILED,
            "timeout": CallStatus.NO_ANSWER,
            "no-answer": CallStatus.NO_ANSWER,
            "cancel": CallStatus.CANCELED,
        },
        unknown=CallStatus.FAILED,
    )
    narrow = media("L16", 8000, "audio/x-l16", "l16-8000")
    wide = media("L16", 16000, "audio/x-l16", "l16-16000")
    mulaw = media("PCMU", 8000, "audio/x-mulaw", "pcmu-8000")
    api = ApiSamples(
        placed=Says(201, {"message": "call fired", "request_uuid": ID, "api_id": "a"}),
        ids={"request_uuid": ID},
    )
