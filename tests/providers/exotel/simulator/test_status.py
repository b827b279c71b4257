"""StatusCallback: its forms, its events, its retries, and what the faults do to it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, Phone, cut_short, voicemail
from linecard_exotel.simulator import Quirks

from .conftest import HUMAN, OURS, THEIRS, Stage, stays

EVENTS = ["terminal", "answered", "ringing"]


async def told(on_stage: Stage, **fields: Any) -> str:
    """A call that is over and reported."""
    sid = await on_stage.call(**fields)
    await on_stage.exotel.ledger.until(What.WEBHOOK, sid, kind="status terminal")
    return sid


async def test_the_captured_multipart_form(on_stage: Stage) -> None:
    sid = await told(on_stage, CustomField="call-17", StatusCallback=f"{on_stage.app.url}/end?t=1")
    (received,) = on_stage.app.at("/end")
    assert received.method == "POST"
    kind = received.headers["content-type"]
    assert kind.startswith("multipart/form-data; boundary=form-data-boundary-")
    assert list(received.fields) == ["t", "CallSid", "Status", "DateUpdated"]
    assert received.fields["CallSid"] == sid
    assert received.fields["Status"] == "completed"


async def test_only_the_end_is_told_unless_more_is_asked_for(on_stage: Stage) -> None:
    on_stage.exotel.phones[THEIRS] = BUSY
    await told(on_stage)
    (received,) = on_stage.app.at("/end")
    assert received.fields["Status"] == "busy"
    assert "EventType" not in received.fields


async def test_events_as_json(on_stage: Stage) -> None:
    on_stage.exotel.quirks.recording_delay = 1
    on_stage.app.parts = [stays]
    on_stage.exotel.phones[THEIRS] = cut_short(Phone(), 4)
    sid = await told(
        on_stage,
        CustomField="call-17",
        Record="true",
        StatusCallbackContentType="application/json",
        **{"StatusCallbackEvents[]": EVENTS},
    )
    documents = [json.loads(one.body) for one in on_stage.app.at("/end")]
    by_event = {document["EventType"]: document for document in documents}
    assert set(by_event) == set(EVENTS)
    assert by_event["answered"]["Status"] == "in-progress"
    end = by_event["terminal"]
    assert (end["CallSid"], end["Status"], end["Direction"]) == (sid, "completed", "outbound-api")
    assert (end["From"], end["PhoneNumberSid"]) == ("09441233609", "08047113155")
    (ended,) = on_stage.exotel.ledger.all(What.HUNG_UP, sid)
    seconds = round(float(str(ended.facts["seconds"])))
    assert end["ConversationDuration"] == seconds
    assert end["Legs"] == [{"OnCallDuration": seconds, "Status": "completed", "AnsweredBy": "NA"}]
    assert end["RecordingUrl"].endswith(".mp3")
    assert end["CustomField"] == "call-17"
    assert "CustomField" not in by_event["ringing"]
    assert "RecordingUrl" not in by_event["answered"]


async def test_events_as_multipart_have_legs_in_brackets(on_stage: Stage) -> None:
    await told(on_stage, **{"StatusCallbackEvents[]": "terminal"})
    fields = on_stage.app.at("/end")[0].fields
    assert fields["EventType"] == "terminal"
    assert fields["Legs[0][AnsweredBy]"] == "NA"
    assert fields["To"] == ""


@pytest.mark.parametrize("has_events", [False, True])
async def test_a_flow_tells_of_its_end_alone(on_stage: Stage, has_events: bool) -> None:
    on_stage.exotel.quirks.flow_events = has_events
    on_stage.set_up("answer")
    await told(on_stage, Url=on_stage.flow_url(), **{"StatusCallbackEvents[]": EVENTS})
    events = [one.fields.get("EventType") for one in on_stage.app.at("/end")]
    assert set(events) == (set(EVENTS) if has_events else {None})


async def test_a_call_in_has_no_callback(on_stage: Stage) -> None:
    on_stage.set_up("answer")
    sid = await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    kinds = {entry.facts["kind"] for entry in on_stage.exotel.ledger.all(What.WEBHOOK, sid)}
    assert kinds == {"document voicebot"}


class TestLongForm:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(tells_all_always=True)

    async def test_who_answered_the_second_leg(self, on_stage_with: Stage) -> None:
        stage = on_stage_with
        stage.set_up("answer", "dial")
        stage.app.answers["/dial"] = {"destination": {"numbers": [HUMAN]}}
        stage.exotel.phones[HUMAN] = voicemail("hello", ring_seconds=0.3, patience=0.5)
        await told(stage, Url=stage.flow_url(), StatusCallbackContentType="application/json")
        end = json.loads(stage.app.at("/end")[0].body)
        assert [leg["AnsweredBy"] for leg in end["Legs"]] == ["NA", "Machine"]
        assert end["ConversationDuration"] == end["Legs"][1]["OnCallDuration"]


@pytest.mark.parametrize("told_when", ["later", "never"])
async def test_the_recording_may_be_missing(on_stage: Stage, told_when: str) -> None:
    carrier = on_stage.exotel
    carrier.quirks.recording_url = told_when
    carrier.quirks.recording_delay = 1
    sid = await told(on_stage, Record="true")
    assert "RecordingUrl" not in on_stage.app.at("/end")[0].fields
    await carrier.switch.clock.sleep(2)
    found = (await on_stage.rest.get(f"Calls/{sid}.json")).json()["Call"]
    assert bool(found["RecordingUrl"]) is (told_when == "later")


async def test_it_comes_again_after_five_and_fifteen_minutes(on_stage: Stage) -> None:
    assert on_stage.exotel.quirks.retries == (300, 900)
    on_stage.exotel.quirks.retries = (1, 2)
    on_stage.app.answers["/end"] = 500
    sid = await told(on_stage)
    ledger = on_stage.exotel.ledger
    while len(found := ledger.all(What.WEBHOOK, sid, kind="status terminal")) < 3:
        await asyncio.sleep(0.01)
    first, second, third = (entry.at for entry in found)
    assert second - first >= 1
    assert third - second >= 2
    assert len({one.body for one in on_stage.app.at("/end")}) == 1


async def test_what_was_taken_does_not_come_again(on_stage: Stage) -> None:
    on_stage.exotel.quirks.retries = (0.1, 0.1, 0.1)
    on_stage.app.answers["/end"] = [500, 200]
    sid = await told(on_stage)
    while len(on_stage.app.at("/end")) < 2:
        await asyncio.sleep(0.01)
    await on_stage.exotel.switch.clock.sleep(1)
    assert len(on_stage.exotel.ledger.all(What.WEBHOOK, sid, kind="status terminal")) == 2


async def test_lost_twice_and_late(on_stage: Stage) -> None:
    faults = on_stage.exotel.faults
    faults.callback_twice = 1
    await told(on_stage)
    while len(on_stage.app.at("/end")) < 2:
        await asyncio.sleep(0.01)
    faults.callback_twice, faults.callback_drop = 0, 1
    sid = await on_stage.call()
    await on_stage.exotel.ledger.until(What.FAULT, name="callback_drop")
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    assert len(on_stage.app.at("/end")) == 2


async def test_ringing_may_be_told_after_the_answer(on_stage: Stage) -> None:
    on_stage.exotel.faults.ring_after_answer = 1
    on_stage.exotel.faults.seconds = 1
    on_stage.app.parts = [stays]
    on_stage.exotel.phones[THEIRS] = cut_short(Phone(ring_seconds=0.1), 3)
    await told(on_stage, **{"StatusCallbackEvents[]": EVENTS})
    events = [one.fields["EventType"] for one in on_stage.app.at("/end")]
    assert events.index("answered") < events.index("ringing")


async def test_a_forged_proof(on_stage: Stage) -> None:
    on_stage.exotel.faults.bad_signature = 1
    on_stage.set_up("answer", userinfo="bot:secret")
    sid = await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    assert not on_stage.app.at("/answer")[0].headers["authorization"].startswith("Basic ")


async def test_the_callback_may_have_a_user_and_a_password(on_stage: Stage) -> None:
    address = f"{on_stage.app.url}/end".replace("://", "://bot:secret@")
    sid = await told(on_stage, StatusCallback=address)
    assert on_stage.app.at("/end")[0].headers["authorization"].startswith("Basic ")
    (entry,) = on_stage.exotel.ledger.all(What.WEBHOOK, sid)
    assert "secret" not in str(entry.facts["url"])


async def test_an_answer_asked_for_twice(on_stage: Stage) -> None:
    on_stage.exotel.faults.answer_twice = 1
    on_stage.set_up("answer")
    await on_stage.exotel.call_in(THEIRS, OURS, Phone())
    while len(on_stage.app.at("/answer")) < 2:
        await asyncio.sleep(0.01)
    first, second = on_stage.app.at("/answer")
    assert first.fields == second.fields


@pytest.mark.parametrize("fault", ["recording_lost", "recording_late"])
async def test_a_recording_that_does_not_come_in_time(on_stage: Stage, fault: str) -> None:
    carrier = on_stage.exotel
    carrier.quirks.recording_delay = 0.1
    carrier.faults.seconds = 4
    setattr(carrier.faults, fault, 1)
    await told(on_stage, Record="true")
    url = on_stage.app.at("/end")[0].fields["RecordingUrl"]
    await carrier.switch.clock.sleep(1)
    assert (await on_stage.rest.get(url)).status_code == 404
    await carrier.switch.clock.sleep(5)
    late = await on_stage.rest.get(url)
    assert late.status_code == (200 if fault == "recording_late" else 404)


async def test_the_phone_hangs_up_early(on_stage: Stage) -> None:
    on_stage.exotel.faults.early_hang_up = 1
    on_stage.exotel.faults.seconds = 1
    on_stage.app.parts = [stays]
    sid = await told(on_stage)
    (ended,) = on_stage.exotel.ledger.all(What.HUNG_UP, sid)
    assert ended.facts["source"] == "Callee"


async def test_a_dial_that_has_to_wait(on_stage: Stage) -> None:
    on_stage.exotel.faults.queue_delay = 1
    on_stage.exotel.faults.seconds = 2
    sid = await told(on_stage)
    ledger = on_stage.exotel.ledger
    (queued,), (dialled,) = ledger.all(What.QUEUED, sid), ledger.all(What.DIALLED, sid)
    assert dialled.at - queued.at >= 2
