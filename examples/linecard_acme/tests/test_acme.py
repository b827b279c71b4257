"""Acme under Linecard's conformance kit."""

import hmac

import linecard as lc
import linecard.testing as kit
from linecard_acme import Acme

CALL = {"call": "c1"}
ASK = {"event": "ask", "way": "inbound", "caller": "+14155550123", "called": "+14155550100", **CALL}
END = {"event": "ended", "outcome": "talked", "seconds": "7", **CALL}
NEW = kit.Means(lc.AnswerRequested, from_="+14155550123", to="+14155550100")
OVER = kit.Means(lc.LegEnded, status=lc.CallStatus.COMPLETED, duration=7, leg="caller")
PLAY, WRITTEN = {"type": "play", "audio": kit.AUDIO}, {"type": "mark", "name": kit.MARK}


class TestAcme(kit.ProviderConformance):
    provider = Acme
    settings = {"key": "key-0123456789", "secret": "secret-0123456789"}
    documents, forgets = "json", frozenset({"Say.voice", "Stream.status_url"})
    api = kit.ApiSamples(placed=kit.Says(201, CALL), ids=CALL, done=kit.Says(200, CALL))
    ask = kit.Sample(kind=lc.Kind.ANSWER, form=ASK, means=(NEW,), required=("call", "called"))
    end = kit.Sample(kind=lc.Kind.ENDED, form=END, means=(OVER,), required=("seconds",), ids=CALL)
    outcomes = kit.Words(end, "outcome", {"busy": lc.CallStatus.BUSY}, lc.CallStatus.FAILED)
    media = kit.MediaSamples(
        start={"type": "start", "id": kit.STREAM, **CALL},
        media={"type": "audio", "audio": kit.AUDIO},
        dtmf={"type": "key", "key": kit.DIGIT},
        mark={"type": "mark", "name": kit.MARK},
        writes={"play": PLAY, "mark": WRITTEN, "clear": {"type": "clear"}},
        ids=CALL,
    )

    def sign(self, request: lc.CarrierRequest) -> lc.CarrierRequest:
        text = f"1767225600 {request.method} {request.url} ".encode() + request.body
        mac = hmac.digest(self.settings["secret"].encode(), text, "sha256").hex()
        return kit.add_headers(request, {"acme-time": "1767225600", "acme-signature": mac})
