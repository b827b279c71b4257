"""What is wrong with a document decides the hang-up code."""

from __future__ import annotations

import asyncio

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.queueing import DialPace
from linecard.simulator.script import Press, Wait

from .conftest import OURS, THEIRS, Stage

ANSWERS: dict[str, tuple[str | bytes | int, int]] = {
    "empty": (b"", 8011),
    "html": ("<html><body>Bad Gateway</body></html>", 8011),
    "twiml": ("<Response><Say>hi</Say></Response>", 8011),
    "reject": ("<Response><Reject/></Response>", 8011),
    "unescaped": ("<Response><Redirect>http://h/?a=1&b=2</Redirect></Response>", 8011),
    "boolean": ('<Response><Stream keepCallAlive="True">ws://h/</Stream></Response>', 8011),
    "both": (
        '<Response><Stream bidirectional="true" audioTrack="both">ws://h/</Stream></Response>',
        8011,
    ),
    "hindi": ('<Response><Speak language="hi-IN">namaste</Speak></Response>', 8011),
    "entity": ('<!DOCTYPE r [<!ENTITY x "y">]><Response><Speak>&x;</Speak></Response>', 8011),
    "large": ("<Response>" + " " * 102_400 + "</Response>", 8011),
    "nothing": ("<Response/>", 4010),
    "error": (500, 7011),
    "missing": (404, 7011),
    "hangup": ("<Response><Hangup/></Response>", 4000),
    "schedule": ('<Response><Hangup schedule="5"/></Response>', 4010),
    "scheduled": ('<Response><Hangup schedule="1"/><Wait length="60"/></Response>', 6000),
    "redirect": ("<Response><Redirect>APP/gone</Redirect></Response>", 7014),
    "redirect-xml": ("<Response><Redirect>APP/bad</Redirect></Response>", 8014),
    "redirect-url": ("<Response><Redirect>nowhere</Redirect></Response>", 7024),
    "loop": ("<Response><Redirect>APP/loop</Redirect></Response>", 2060),
}


async def test_the_table_of_faults(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.switch.pace = DialPace(100, carrier.switch.clock)
    carrier.phones.default = Phone(ring_seconds=0)
    app.documents = {"/gone": 503, "/bad": "<Nope/>"}
    for name, (document, _) in ANSWERS.items():
        text = document.replace("APP", app.url) if isinstance(document, str) else document
        app.documents[f"/{name}"] = text
    calls = {name: await on_stage.call(answer_url=f"{app.url}/{name}") for name in ANSWERS}
    found = {}
    for name, uuid in calls.items():
        ended = await carrier.ledger.until(What.HUNG_UP, uuid)
        found[name] = ended.facts["code"]
    assert found == {name: code for name, (_, code) in ANSWERS.items()}


async def test_the_fallback_is_asked_when_the_answer_fails(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents = {"/answer": 502, "/fallback": "<Response><Hangup/></Response>"}
    uuid = await on_stage.call(fallback_url=f"{app.url}/fallback")
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4000
    assert len(app.at("/answer")) == 1


async def test_the_addresses_own_retries_are_honoured(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = [502, 502, "<Response><Hangup/></Response>"]
    uuid = await on_stage.call(answer_url=f"{app.url}/answer#ct=2000&rt=4000&rc=2&rp=ct,rt,5xx")
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4000
    tries = app.at("/answer")
    assert len(tries) == 3
    assert all(one.is_signed for one in tries)
    assert len({str(one.fields) for one in tries}) == 1


async def test_without_hangup_url_the_answer_address_hears_of_the_end(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = "<Response/>"
    reply = await on_stage.rest(
        on_stage.sdk.calls.create, from_=OURS, to_=THEIRS, answer_url=f"{app.url}/answer"
    )
    await carrier.ledger.until(What.WEBHOOK, reply.request_uuid, kind="hangup")
    assert [one.fields["Event"] for one in app.at("/answer")] == ["StartApp", "Hangup"]


async def test_a_get_address_gets_its_fields_in_the_query_signed(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = "<Response/>"
    uuid = await on_stage.call(answer_url=f"{app.url}/answer?a=1", answer_method="GET")
    await carrier.ledger.until(What.HUNG_UP, uuid)
    answer = app.at("/answer")[0]
    assert answer.method == "GET"
    assert answer.fields["CallUUID"] == uuid
    assert answer.fields["a"] == "1"
    assert answer.is_signed


@pytest.mark.parametrize(
    ("reason", "code", "status"),
    [("rejected", 3020, "failed"), ("busy", 3010, "busy")],
)
async def test_an_inbound_call_can_be_refused_unanswered(
    on_stage: Stage, reason: str, code: int, status: str
) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/plivo/answer"] = f'<Response><Hangup reason="{reason}"/></Response>'
    uuid = await carrier.call_in(THEIRS, OURS, Phone())
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == code
    assert ended.facts["status"] == status
    assert ended.facts["seconds"] == 0
    assert not carrier.ledger.all(What.ANSWERED, uuid)
    assert carrier.ledger.money(uuid) == 0


async def test_unknown_attributes_are_counted_and_nothing_else(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = '<Response><Wait length="1" colour="red"/></Response>'
    uuid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4010
    (note,) = carrier.ledger.all(What.NOTE, uuid)
    assert "colour" in str(note.facts["text"])


async def test_digits_are_gathered_and_posted(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.phones[THEIRS] = Phone(script=(Wait(0.5), Press("123#")))
    app.documents = {
        "/answer": f'<Response><GetDigits action="{app.url}/digits" timeout="5">'
        "<Speak>a rather long prompt that is cut off by the first key</Speak>"
        "</GetDigits></Response>",
        "/digits": "<Response><Hangup/></Response>",
    }
    uuid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4000
    (digits,) = app.at("/digits")
    assert digits.fields["Digits"] == "123"
    assert digits.is_signed


async def test_a_document_asked_for_nothing_is_passed_by(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    app.documents["/answer"] = (
        f'<Response><GetDigits action="{app.url}/digits" timeout="1"/><Speak>bye</Speak></Response>'
    )
    uuid = await on_stage.call()
    ended = await carrier.ledger.until(What.HUNG_UP, uuid)
    assert ended.facts["code"] == 4010
    assert not app.at("/digits")
    (handset,) = carrier.phones.handsets(THEIRS)
    assert any(handset.heard)


async def test_an_answer_may_come_twice(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.plivo
    carrier.faults.answer_twice = 1
    app.documents["/answer"] = '<Response><Wait length="2"/></Response>'
    uuid = await on_stage.call()
    await carrier.ledger.until(What.HUNG_UP, uuid)
    await asyncio.sleep(0)
    assert len(app.at("/answer")) == 2
    assert carrier.ledger.all(What.FAULT, name="answer_twice")
