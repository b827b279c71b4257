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
ASKED = Means(AnswerRequested, direction=Direction.INBOUND, from_="+14155550123", to="+14155550100")


def told(state: str, **more: object) -> dict[str, object]:
    return {"call": "c-10", "state": state, **more}


def said(event: str, **more: str) -> dict[str, str]:
    return {"event": event, "stream": STREAM, **more}


class TestTin(ProviderConformance):
    provider = Tin
    settings = {"account": "tin-1", "secret": "secret-0123456789-tin"}
    documents = "xml"

    def sign(self, request: CarrierRequest) -> CarrierRequest:
        text = f"{request.method}\n{request.url}\n".encode() + request.body
        mac = hmac.new(self.settings["secret"].encode(), text, "sha256")
        return add_headers(request, {"x-tin-signature": mac.hexdigest()})

    parties = {"from": "14155550123", "to": "14155550100"}
    required = ("call", "to")
    asked = Sample(
        kind=Kind.ANSWER, json=told("asks", **parties), means=ASKED, required=required, ids=ID
    )
    rings = Sample(kind=Kind.RINGING, json=told("rings"), means=Means(CallRinging))
    talks = Sample(kind=Kind.ENDED, json=told("talks"), means=Means(CallAnswered))
    end = Means(LegEnded, status=CallStatus.COMPLETED, duration=7)
    ended = Sample(kind=Kind.ENDED, json=told("done", seconds=7), means=end, required=("call",))
    states = Words(ended, "state", {**STATES, "rings": CallStatus.RINGING})
    media = MediaSamples(
        start=said("start", call="c-10"),
        media=said("media", audio=AUDIO),
        dtmf=said("key", key=DIGIT),
        mark=said("mark", name=MARK),
        stop=said("stop"),
        writes={
            "play": said("media", audio=AUDIO),
            "clear": said("clear"),
            "mark": said("mark", name=MARK),
            "digits": said("keys", keys=DIGIT),
        },
        ids=ID,
    )
    api = ApiSamples(placed=Says(201, {"call": "c-10"}), ids=ID)


def test_the_kit_has_many_checks_and_each_is_a_sentence() -> None:
    checks = [name for name in dir(ProviderConformance) if name.startswith("test_")]
    assert len(checks) >= 60
    assert all(name.count("_") >= 3 for name in checks)


def test_a_certification_is_short() -> None:
    parts = (TestTin, told, said)
    lines = [line for part in parts for line in inspect.getsource(part).splitlines()]
    assert len([line for line in lines if line.strip()]) <= 45
