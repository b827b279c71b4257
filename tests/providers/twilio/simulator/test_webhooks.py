"""Webhooks: signatures, tokens, order, tries, and what they carry."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from linecard.simulator.faults import Faults
from linecard.simulator.ledger import What
from linecard.simulator.overrides import split_overrides
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone, voicemail
from linecard_twilio.simulator import Quirks
from linecard_twilio.simulator.signing import Signer, signed_text
from linecard_twilio.simulator.switch import POLICY

from .conftest import OURS, SETTINGS, THEIRS, Stage

HANG_UP = "<Response><Hangup/></Response>"
TOKEN = "i-twilio-idempotency-token"
OFFICIAL = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
)


def test_the_signatures_of_the_reference() -> None:
    """Twilio's own test vector, then those made with its SDK: an address alone, a repeated name."""
    sign = Signer("12345", Quirks())
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    made = sign.webhook("POST", url, OFFICIAL)["X-Twilio-Signature"]
    assert made == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    got = "https://voice.example.com/twilio/voice?CallSid=CA1&From=%2B14155550100"
    made = sign.webhook("GET", got, ())["X-Twilio-Signature"]
    assert made == "nq1RyfiPhgBEhWGhogWMcNnbDqc="
    made = sign.socket("wss://voice.example.com/ws/twilio")["X-Twilio-Signature"]
    assert made == "SzJej84ArbRu23NLoP0hl7D6qxo="
    repeated = (("X", "1"), ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a"))
    made = sign.webhook("POST", "https://voice.example.com/x", repeated)["X-Twilio-Signature"]
    assert made == "BEaudgtYF66DJHA0cT+q5nFaHa4="


def test_an_empty_value_counts() -> None:
    fields = (("b", ""), ("a", "1"))
    assert signed_text("https://h/x", fields) == "https://h/xa1b"
    made = Signer("12345", Quirks()).webhook("POST", "https://h/x", fields)
    assert RequestValidator("12345").validate(
        "https://h/x", dict(fields), made["X-Twilio-Signature"]
    )


def test_a_shared_key_signs_with_sha256() -> None:
    sign = Signer(
        "12345", Quirks(shared_key=("webhooks_sharedkey_x", "sharedkey-secret-0123456789abcdef"))
    )
    made = sign.socket("wss://voice.example.com/ws/twilio")
    assert made["X-Twilio-Signature"] == "v18PIHXk94AbDZ6um4CKXKGwttyxDXPqwxifFufRjTo="
    assert made["X-Twilio-Webhooks-Signature-Settings"] == (
        "key=webhooks_sharedkey_x,algorithm=HMAC_SHA256"
    )


def test_overrides_within_twilios_own_bounds() -> None:
    url, policy = split_overrides("https://h/x?a=1#ct=2000&rt=4000&rc=2&rp=ct,rt,5xx", POLICY)
    assert url == "https://h/x?a=1"
    assert (policy.connect, policy.read, policy.retries) == (2.0, 4.0, 2)
    assert policy.retry_on == {"ct", "rt", "5xx"}
    _, policy = split_overrides("https://h/x#rt=15001&tt=20000&ct=10001&rc=6", POLICY)
    assert policy == POLICY


async def test_fragments_are_neither_sent_nor_signed(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = [500, 500, HANG_UP]
    sid = await on_stage.call(url=f"{app.url}/answer?a=main&k=answer#rc=2&rp=ct,rt,5xx")
    await carrier.ledger.until(What.HUNG_UP, sid)
    tries = app.at("/answer")
    assert {one.url for one in tries} == {f"{app.url}/answer?a=main&k=answer"}
    assert [one.is_signed for one in tries] == [True] * 3
    assert len({one.headers[TOKEN] for one in tries}) == 1


async def test_5xx_is_not_tried_again_by_default(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = 503
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert len(app.at("/answer")) == 1


async def test_every_webhook_has_a_token_of_its_own(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    await app.until("/status", 4)
    tokens = [one.headers[TOKEN] for one in app.received]
    assert len(set(tokens)) == len(tokens) == 5


async def test_only_the_end_is_reported_unless_asked(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call(status_callback_event=None)
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    (end,) = app.at("/status")
    assert (end.fields["SequenceNumber"], end.fields["CallStatus"]) == ("0", "completed")


async def test_events_that_are_none_are_warned_of(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call(status_callback_event=["busy", "ringing", "completed"])
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
    await app.until("/status", 2)
    assert app.statuses("/status") == ["ringing", "completed"]
    assert carrier.ledger.all(What.NOTE, code=21626)


@pytest.mark.parametrize(
    ("phone", "statuses", "code"),
    [
        (BUSY, ["initiated", "busy"], "486"),
        (REJECTS, ["initiated", "ringing", "busy"], "603"),
        (NO_ANSWER, ["initiated", "ringing", "no-answer"], "487"),
    ],
    ids=["busy", "rejects", "silent"],
)
async def test_calls_that_nobody_answers(
    on_stage: Stage, phone: Phone, statuses: list[str], code: str
) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    carrier.phones[THEIRS] = phone
    sid = await on_stage.call(timeout=5)
    await carrier.ledger.until(What.WEBHOOK, sid, kind=f"status {statuses[-1]}")
    await app.until("/status", len(statuses))
    assert app.statuses("/status") == statuses
    (end,) = app.of(CallStatus=statuses[-1])
    assert end.fields["SipResponseCode"] == code
    assert end.fields["CallDuration"] == end.fields["Duration"] == "0"
    assert not app.at("/answer")
    assert not carrier.ledger.money(sid)


KNOBS: dict[str, Any] = {
    "callback_twice": lambda app: len(app.of(CallStatus="completed", CallSid="SID")) == 2,
    "replay": lambda app: len(app.at("/answer")) == 2,
    "answer_twice": lambda app: len(app.at("/answer")) == 2,
    "bad_signature": lambda app: not any(one.is_signed for one in app.received),
}


@pytest.mark.parametrize("knob", KNOBS)
async def test_webhooks_go_wrong_on_demand(on_stage: Stage, knob: str) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    setattr(carrier.faults, knob, 1)
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    async with asyncio.timeout(20):
        while not KNOBS[knob](_Named(app, sid)):
            await asyncio.sleep(0.05)
    if knob == "callback_twice":
        doubles = app.of(CallStatus="completed")
        assert doubles[0].headers[TOKEN] == doubles[1].headers[TOKEN]


class _Named:
    """The application, asked of one call."""

    def __init__(self, app: Any, sid: str) -> None:
        self.received, self.at = app.received, app.at
        self._app, self._sid = app, sid

    def of(self, **fields: str) -> Any:
        return self._app.of(
            **{name: self._sid if value == "SID" else value for name, value in fields.items()}
        )


async def test_dropped_and_shuffled_callbacks(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    carrier.faults.callback_drop = 1
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert not app.at("/status")
    carrier.faults.callback_drop, carrier.faults.ring_after_answer = 0, 1
    sid = await on_stage.call()
    await carrier.ledger.until(What.WEBHOOK, sid, kind="status ringing")
    ringing = app.of(CallSid=sid, CallStatus="ringing")[0]
    answered = app.of(CallSid=sid, CallStatus="in-progress")[-1]
    assert app.received.index(answered) < app.received.index(ringing)


@pytest.mark.parametrize(
    ("fault", "status"), [("line_busy", "busy"), ("no_answer", "no-answer"), ("rejected", "busy")]
)
async def test_faults_of_lines(on_stage: Stage, fault: str, status: str) -> None:
    carrier = on_stage.twilio
    assert isinstance(carrier.faults, Faults)
    setattr(carrier.faults, fault, 1)
    sid = await on_stage.call(timeout=5)
    assert (await carrier.ledger.until(What.HUNG_UP, sid)).facts["status"] == status


class TestDetection:
    async def test_asynchronous(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        carrier.phones[THEIRS] = voicemail("hello", ring_seconds=0.5, patience=9)
        app.documents["/answer"] = '<Response><Pause length="5"/></Response>'
        sid = await on_stage.call(
            machine_detection="Enable",
            async_amd="true",
            async_amd_status_callback=f"{app.url}/machine",
        )
        await carrier.ledger.until(What.HUNG_UP, sid)
        (answer,), (machine,) = app.at("/answer"), app.at("/machine")
        assert "AnsweredBy" not in answer.fields
        assert machine.fields == {
            "CallSid": sid,
            "AccountSid": on_stage.sdk.account_sid,
            "AnsweredBy": "machine_start",
            "MachineDetectionDuration": "2000",
        }
        assert machine.is_signed
        recorded = {"kind": "machine", "word": "machine_start", "nothing": None}
        for carrier.quirks.record_tells, told in recorded.items():
            assert (await on_stage.rest(on_stage.sdk.calls(sid).fetch)).answered_by == told

    async def test_what_was_never_decided_is_in_no_record(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        carrier.phones[THEIRS] = Phone(is_puzzling=True)
        carrier.quirks.record_tells = "word"
        app.documents["/answer"] = '<Response><Pause length="4"/></Response>'
        sid = await on_stage.call(machine_detection="Enable", async_amd="true")
        await carrier.ledger.until(What.HUNG_UP, sid)
        assert (await on_stage.rest(on_stage.sdk.calls(sid).fetch)).answered_by is None

    @pytest.mark.parametrize(
        ("phone", "mode", "result"),
        [
            (Phone(), "Enable", "human"),
            (voicemail("hi", ring_seconds=0.2, patience=9), "DetectMessageEnd", "machine_end_beep"),
        ],
    )
    async def test_synchronous_holds_the_document(
        self, on_stage: Stage, phone: Phone, mode: str, result: str
    ) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        carrier.phones[THEIRS] = phone
        app.documents["/answer"] = HANG_UP
        sid = await on_stage.call(machine_detection=mode)
        await carrier.ledger.until(What.HUNG_UP, sid)
        (answer,) = app.at("/answer")
        assert answer.fields["AnsweredBy"] == result
        assert int(answer.fields["MachineDetectionDuration"]) > 0

    async def test_out_of_time_is_unknown(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        carrier.quirks.detection_seconds = 9
        app.documents["/answer"] = HANG_UP
        sid = await on_stage.call(machine_detection="Enable", machine_detection_timeout=3)
        await carrier.ledger.until(What.HUNG_UP, sid)
        assert app.at("/answer")[0].fields["AnsweredBy"] == "unknown"

    async def test_digits_to_send_switch_it_off(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        app.documents["/answer"] = '<Response><Pause length="2"/></Response>'
        sid = await on_stage.call(machine_detection="Enable", send_digits="ww1234#")
        await carrier.ledger.until(What.HUNG_UP, sid)
        assert "AnsweredBy" not in app.at("/answer")[0].fields
        (handset,) = carrier.phones.handsets(THEIRS)
        assert "".join(digit for _, digit in handset.digits_heard) == "1234#"


class TestSharedKey:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(calls_per_second=50, shared_key=("webhooks_sharedkey_x", "s" * 32))

    async def test_webhooks_and_sockets_are_signed_with_it(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        app.token = "s" * 32

        async def part(talk: Any) -> None:
            await talk.until("start")
            await talk.socket.close()

        app.parts = [part]
        app.documents["/answer"] = app.stream()
        sid = await on_stage.call()
        await carrier.ledger.until(What.WEBHOOK, sid, kind="status completed")
        assert all(one.is_signed for one in app.received)
        assert app.handshakes == [True]
        assert SETTINGS in app.received[0].headers


async def test_calls_to_a_number_that_points_nowhere_fail(on_stage: Stage) -> None:
    carrier = on_stage.twilio
    carrier.switch.directory.rent(OURS).settings["voice_url"] = ""
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    assert (await carrier.ledger.until(What.HUNG_UP, sid)).facts["status"] == "failed"
