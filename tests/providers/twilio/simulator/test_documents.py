"""Documents: what Twilio reads, what it refuses, and what it asks the fallback."""

from __future__ import annotations

from typing import Any

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Speak, Wait
from linecard_twilio.simulator import Quirks
from linecard_twilio.simulator.reader import InvalidTwiml, read_document

from .conftest import OURS, THEIRS, Stage

HANG_UP = "<Response><Hangup/></Response>"
BAD = {
    b"": 12100,
    b"not xml": 12100,
    b"<response/>": 12100,
    b"<Response><Say></Response>": 12100,
    b'<!DOCTYPE r [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>': 12100,
    b"<Response><!--" + b"x" * 70_000 + b"--></Response>": 11750,
    b"<Response><say>hi</say></Response>": 12200,
    b"<Response><Speak>hi</Speak></Response>": 12200,
    b"<Response><Stream url='wss://a'/></Response>": 12200,
    b"<Response><Connect/></Response>": 12200,
    b"<Response><Connect><Stream/></Connect></Response>": 12200,
    b"<Response><Dial/></Response>": 12200,
    b"<Response><Dial timeout='soon'>+14155550100</Dial></Response>": 12200,
    b"<Response><Dial><Number/></Dial></Response>": 12200,
    b"<Response><Dial><Conference>a</Conference><Number>+1415</Number></Dial></Response>": 12200,
    b"<Response><Dial><Number statusCallbackEvent='busy'>+1</Number></Dial></Response>": 12200,
    b"<Response><Reject reason='tired'/></Response>": 12200,
    b"<Response><Redirect/></Response>": 12200,
    b"<Response><Play/></Response>": 12200,
    b"<Response><Connect><Stream url='wss://a'><Parameter value='x'/></Stream></Connect></Response>": 12200,
    b"<Response><Start><Recording channels='3'/></Start></Response>": 12200,
}


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_documents_that_twilio_does_not_run(body: bytes) -> None:
    with pytest.raises(InvalidTwiml) as refused:
        read_document(body)
    assert refused.value.code == BAD[body]


def test_unknown_attributes_are_warnings() -> None:
    document = read_document(b"<Response><Say speed='9' VOICE='man'>hi</Say></Response>")
    assert [verb.tag for verb in document.verbs] == ["Say"]
    assert len(document.warnings) == 2


def test_a_lenient_reader_passes_over_what_it_does_not_know() -> None:
    document = read_document(
        b"<Response><say>hi</say><Dial timeout='soon'>+14155550100</Dial></Response>",
        is_strict=False,
    )
    assert [verb.tag for verb in document.verbs] == ["Dial"]
    assert document.verbs[0]["timeout"] == 30
    assert len(document.warnings) == 2


def test_a_parameter_of_500_characters_is_too_long() -> None:
    body = (
        "<Response><Connect><Stream url='wss://a'><Parameter name='n' value='{}'/>"
        "</Stream></Connect></Response>"
    )
    assert read_document(body.format("x" * 498).encode()).verbs
    with pytest.raises(InvalidTwiml):
        read_document(body.format("x" * 499).encode())


@pytest.mark.parametrize(
    ("document", "code"),
    [(500, 11200), (404, 11200), (b"<oops", 12100), (b"<Response><x/></Response>", 12200)],
)
async def test_the_fallback_is_asked(on_stage: Stage, document: Any, code: int) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {"/answer": document, "/fallback": HANG_UP}
    sid = await on_stage.call(fallback_url=f"{app.url}/fallback")
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["error"] is None
    (fallback,) = app.at("/fallback")
    assert fallback.fields["ErrorCode"] == str(code)
    assert fallback.fields["ErrorUrl"] == f"{app.url}/answer"
    assert fallback.is_signed


async def test_without_a_fallback_the_call_ends_with_the_error(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {"/answer": 500, "/twilio/answer": 500}
    sid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["error"] == 11200
    inbound = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, inbound)
    assert ended.facts["error"] == 11200
    assert any(carrier.phones.handsets(THEIRS)[-1].heard)


async def test_a_wrong_content_type_is_12300(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    app.content_type = "application/json"
    sid = await on_stage.call()
    assert (await carrier.ledger.until(What.HUNG_UP, sid)).facts["error"] == 12300


async def test_nobody_there_is_11205_after_two_tries(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/fallback"] = HANG_UP
    sid = await on_stage.call(url="http://127.0.0.1:9/answer", fallback_url=f"{app.url}/fallback")
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.at("/fallback")[0].fields["ErrorCode"] == "11205"
    tries = carrier.ledger.all(What.WEBHOOK, sid, kind="document url")
    assert [entry.facts["attempt"] for entry in tries] == [1, 2]


async def test_twiml_in_the_request_is_run(on_stage: Stage) -> None:
    carrier = on_stage.twilio
    sid = await on_stage.call(url=None, twiml="<Response><Say>hello</Say></Response>")
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert any(carrier.phones.handsets(THEIRS)[0].heard)
    assert not on_stage.app.at("/answer")


async def test_url_wins_over_twiml_and_get_is_asked(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = HANG_UP
    sid = await on_stage.call(twiml="<Response><Say>no</Say></Response>", method="GET")
    await carrier.ledger.until(What.HUNG_UP, sid)
    (asked,) = app.at("/answer")
    assert (asked.method, asked.is_signed) == ("GET", True)
    assert asked.fields["CallSid"] == sid


async def test_keys_are_gathered(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {
        "/answer": '<Response><Gather numDigits="2" action="/keys"><Say>two</Say></Gather></Response>',
        "/keys": HANG_UP,
    }
    carrier.phones[THEIRS] = Phone(script=(Wait(0.5), Press("42"), Wait(9)))
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.at("/keys")[0].fields["Digits"] == "42"


async def test_a_gather_without_keys_falls_through(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {
        "/answer": [
            f'<Response><Gather timeout="1"/><Redirect>{app.url}/after</Redirect></Response>',
            '<Response><Gather timeout="1" actionOnEmptyResult="true" action="/keys"/></Response>',
        ],
        "/after": HANG_UP,
        "/keys": HANG_UP,
    }
    for path in ("/after", "/keys"):
        sid = await on_stage.call()
        await carrier.ledger.until(What.HUNG_UP, sid)
        assert app.at(path)
    assert app.at("/keys")[0].fields["Digits"] == ""


async def test_a_record_without_action_asks_its_own_address_again(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = [
        '<Response><Record timeout="1" playBeep="false"/></Response>',
        HANG_UP,
    ]
    carrier.phones[THEIRS] = Phone(script=(Wait(0.3), Speak(b"\x00\x40" * 8000)))
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    first, again = app.at("/answer")
    assert "RecordingUrl" not in first.fields
    assert again.fields["RecordingDuration"] == "2"


async def test_a_record_of_silence_goes_on(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents |= {
        "/answer": f'<Response><Record timeout="1" playBeep="false" action="/recorded"/>'
        f"<Redirect>{app.url}/after</Redirect></Response>",
        "/after": HANG_UP,
    }
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert app.at("/after")
    assert not app.at("/recorded")


@pytest.mark.parametrize(("reason", "sip"), [("rejected", 603), ("busy", 486)])
async def test_reject_is_never_answered_nor_billed(on_stage: Stage, reason: str, sip: int) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/twilio/answer"] = f'<Response><Reject reason="{reason}"/></Response>'
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert (ended.facts["status"], ended.facts["sip"]) == ("busy", sip)
    assert not carrier.ledger.all(What.ANSWERED, sid)
    assert not carrier.ledger.money(sid)


async def test_hangup_as_the_first_verb_answers_and_bills(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/twilio/answer"] = HANG_UP
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["status"] == "completed"
    assert carrier.ledger.all(What.ANSWERED, sid)
    assert carrier.ledger.money(sid)


async def test_reject_behind_another_verb_is_passed_over(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/twilio/answer"] = "<Response><Say>a</Say><Reject/><Say>b</Say></Response>"
    sid = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, sid)
    assert ended.facts["name"] == "End of the document"


async def test_verbs_that_are_not_simulated_are_noted(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = "<Response><Enqueue>support</Enqueue></Response>"
    sid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, sid)
    assert [entry.facts["text"] for entry in carrier.ledger.all(What.NOTE, sid)] == [
        "<Enqueue> is not simulated: skipped"
    ]


async def test_documents_that_go_in_circles_end(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.twilio
    app.documents["/answer"] = "<Response><Redirect>/answer</Redirect></Response>"
    sid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, sid, within=60)
    assert ended.facts["error"] == 11200


class TestLenient:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(calls_per_second=50, strict_schema=False)

    async def test_warnings_are_in_the_ledger(self, on_stage: Stage) -> None:
        app, carrier = on_stage.app, on_stage.twilio
        app.documents["/answer"] = "<Response><Speak>hi</Speak><Hangup/></Response>"
        sid = await on_stage.call()
        ended = await carrier.ledger.until(What.HUNG_UP, sid)
        assert ended.facts["error"] is None
        assert carrier.ledger.all(What.NOTE, sid, code=12200)
