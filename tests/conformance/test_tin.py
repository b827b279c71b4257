"""The correct provider passes every check, and its certification is short."""

from __future__ import annotations

import hmac
import inspect

from linecard import (
    AnswerRequested,
    CallAnswered,
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
from tests.conformance.tin import STATES, Tin

ID = {"tin": "c-10"}


class TestTin(ProviderConformance):
    provider = Tin
    settings = {"account": "tin-1", "secret": "secret-0123456789-tin"}
    documents = "xml"

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        text = f"{request.method}\n{request.url}\n".encode() + request.body
        mac = hmac.new(self.settings["secret"].encode(), text, "sha256")
        return add_headers(request, {"x-tin-signature": mac.hexdigest()})

    asked = Sample(
        kind=Kind.ANSWER,
        json={"call": "c-10", "state": "asks", "from": "14155550123", "to": "14155550100"},
        means=(
            Means(
                AnswerRequested,
                direction=Direction.INBOUND,
                from_="+14155550123",
                to="+14155550100",
            ),
        ),
        required=("call", "to"),
        ids=ID,
    )
    rings = Sample(
        kind=Kind.RINGING, json={"call": "c-10", "state": "rings"}, means=(Means(CallRinging),)
    )
    talks = Sample(
        kind=Kind.ENDED, json={"call": "c-10", "state": "talks"}, means=(Means(CallAnswered),)
    )
    ended = Sample(
        kind=Kind.ENDED,
        json={"call": "c-10", "state": "done", "seconds": 7},
        means=(Means(LegEnded, status=CallStatus.COMPLETED, duration=7),),
        required=("call",),
    )
    states = Words(ended, "state", {**STATES, "rings": CallStatus.RINGING})
    media = MediaSamples(
        start={"event": "start", "stream": STREAM, "call": "c-10"},
        media={"event": "media", "stream": STREAM, "audio": AUDIO},
        dtmf={"event": "key", "stream": STREAM, "key": DIGIT},
        mark={"event": "mark", "stream": STREAM, "name": MARK},
        stop={"event": "stop", "stream": STREAM},
        writes={
            "play": {"event": "media", "stream": STREAM, "audio": AUDIO},
            "clear": {"event": "clear", "stream": STREAM},
            "mark": {"event": "mark", "stream": STREAM, "name": MARK},
            "digits": {"event": "keys", "stream": STREAM, "keys": DIGIT},
        },
        ids=ID,
        encoding="PCMU",
        rate=8000,
    )
    api = ApiSamples(placed=Says(201, {"call": "c-10"}), ids=ID)


def test_the_kit_has_many_checks_and_each_is_a_sentence() -> None:
    checks = [name for name in dir(ProviderConformance) if name.startswith("test_")]
    assert len(checks) >= 60
    assert all(name.count("_") >= 3 for name in checks)


def test_a_certification_is_short() -> None:
    source = inspect.getsource(TestTin)
    assert len(source.splitlines()) < 70
