"""Flows of App Bazaar: the captured requests, branches, transfers, and what fails."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from starlette.responses import RedirectResponse, Response

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone, cut_short, human
from linecard.simulator.script import Speak, Wait
from linecard_exotel.simulator import Quirks

from .conftest import HUMAN, OURS, THEIRS, Stage, closes_at_once, stage, stays

CAPTURED = (
    "CallSid",
    "CallFrom",
    "CallTo",
    "Direction",
    "Created",
    "DialWhomNumber",
    "HangupLatencyStartTimeExocc",
    "HangupLatencyStartTime",
    "ServerCode",
    "From",
    "To",
    "CurrentTime",
)
OURS_OF_QUERY = ("a", "k", "x", "t")


def theirs(received: Any) -> list[str]:
    return [name for name, _ in received.pairs if name not in OURS_OF_QUERY]


def destination(**changes: Any) -> dict[str, Any]:
    whole = {
        "fetch_after_attempt": False,
        "destination": {"numbers": [HUMAN]},
        "outgoing_phone_number": "08047113155",
        "max_ringing_duration": 5,
        "max_conversation_duration": 3600,
        "music_on_hold": {"type": "operator_tone"},
    }
    return whole | changes


async def called_in(on_stage: Stage, phone: Phone | None = None) -> str:
    """A call in that is over."""
    sid = await on_stage.exotel.call_in(THEIRS, OURS, phone or Phone())
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid, leg=sid)
    return sid


async def test_the_captured_request_of_a_call_in(on_stage: Stage) -> None:
    on_stage.set_up("answer")
    sid = await called_in(on_stage)
    (asked,) = on_stage.app.at("/answer")
    assert asked.method == "GET"
    assert tuple(theirs(asked)) == CAPTURED
    fields = asked.fields
    assert fields["CallSid"] == sid
    assert len(sid) == 32
    assert (fields["CallFrom"], fields["CallTo"]) == ("09441233609", "08047113155")
    assert (fields["From"], fields["To"]) == ("09441233609", "09513886363")
    assert fields["Direction"] == "incoming"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d", fields["Created"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", fields["CurrentTime"])
    assert (fields["k"], fields["t"]) == ("answer", "tok")


async def test_the_captured_request_of_a_call_out(on_stage: Stage) -> None:
    on_stage.exotel.quirks.server_code = False
    on_stage.set_up("answer")
    sid = await on_stage.call(Url=on_stage.flow_url(), CustomField="7e9095cd")
    await on_stage.exotel.ledger.until(What.HUNG_UP, sid)
    names = theirs(on_stage.app.at("/answer")[0])
    assert names == [*CAPTURED[:8], "From", "To", "CustomField", "CurrentTime"]


async def test_basic_auth_comes_from_the_pasted_address(on_stage: Stage) -> None:
    on_stage.set_up("answer", "next", userinfo="bot:s%3Acret")
    await called_in(on_stage)
    wanted = "Basic " + base64.b64encode(b"bot:s:cret").decode()
    for path in ("/answer", "/next"):
        (asked,) = on_stage.app.at(path)
        assert asked.headers["authorization"] == wanted
        assert "cret" not in asked.headers["host"]
    asked_urls = [e.facts["url"] for e in on_stage.exotel.ledger.all(What.WEBHOOK)]
    assert not any("cret" in str(url) for url in asked_urls)


@pytest.mark.parametrize(
    ("answer", "branch", "dials"),
    [
        (200, "A", 1),
        (RedirectResponse("/elsewhere", 302), "B", 0),
        (500, "failed", 0),
        (204, "failed", 0),
    ],
)
async def test_passthru_decides_by_its_status(
    on_stage: Stage, answer: Any, branch: str, dials: int
) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "next", "dial")
    app.answers |= {"/next": answer, "/dial": destination()}
    carrier.phones[HUMAN] = human("hello", talk_seconds=0.2)
    await called_in(on_stage)
    (decided,) = carrier.ledger.all(What.DOCUMENT, purpose="passthru")
    assert decided.facts["branch"] == branch
    assert carrier.ledger.dials(HUMAN) == dials
    assert not app.at("/elsewhere")


async def test_passthru_behind_a_voicebot(on_stage: Stage) -> None:
    on_stage.set_up("answer", "next")
    on_stage.exotel.tick_record(OURS)
    await called_in(on_stage)
    fields = on_stage.app.at("/next")[0].fields
    assert fields["EndTime"] == "1970-01-01 05:30:00"
    assert fields["CallType"] == "call-attempt"
    assert fields["DialCallDuration"] == "0"
    assert fields["flow_id"] == on_stage.exotel.flow_id(OURS)
    assert fields["tenant_id"] == on_stage.sid
    assert fields["Stream[Status]"] == "completed"
    assert fields["Stream[DisconnectedBy]"] == "bot"
    assert fields["Stream[StreamUrl]"] == on_stage.app.socket_url
    assert fields["Stream[RecordingUrl]"].endswith(".mp3")
    assert fields["Stream[Duration]"].isdecimal()
    talk = on_stage.app.talks[0]
    assert fields["Stream[StreamSID]"] == talk.sid


class TestJsonStream:
    @pytest.fixture
    def quirks(self) -> Quirks:
        return Quirks(stream_in="json", digits="8", nests_passthru=True, misleading_to=None)

    async def test_other_shapes(self, on_stage_with: Stage) -> None:
        app = on_stage_with.app
        on_stage_with.set_up("answer", "next", "dial", "return")
        app.answers["/dial"] = destination(destination={"numbers": []})
        await called_in(on_stage_with)
        fields = app.at("/next")[0].fields
        assert json.loads(fields["Stream"])["DisconnectedBy"] == "bot"
        assert not any(name.startswith("Stream[") for name in fields)
        assert fields["digits"] == '"8"'
        assert fields["To"] == "08047113155"
        nested = app.at("/return")[0].fields["passthru"]
        assert nested.startswith('"http:\\/\\/')
        assert json.loads(nested).endswith("k=next&x=N.proof&t=tok")


async def test_the_passthru_hears_of_a_hang_up(on_stage: Stage) -> None:
    on_stage.set_up("answer", "next", "dial")
    on_stage.app.parts = [stays]
    sid = await called_in(on_stage, cut_short(Phone(), 4))
    await on_stage.exotel.ledger.until(What.WEBHOOK, sid, kind="passthru")
    fields = on_stage.app.at("/next")[0].fields
    assert fields["Stream[DisconnectedBy]"] == "user"
    assert fields["CallType"] == "client-hangup"
    assert not on_stage.app.at("/dial")


async def test_a_hang_up_that_no_passthru_hears_of(on_stage: Stage) -> None:
    on_stage.exotel.quirks.passthru_after_hangup = False
    on_stage.set_up("answer", "next")
    on_stage.app.parts = [stays]
    await called_in(on_stage, cut_short(Phone(), 4))
    assert not on_stage.app.at("/next")


async def test_a_transfer_that_is_answered(on_stage: Stage, spoken: bytes) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "next", "dial", "return")
    events = f"{app.url}/events?k=dialed"
    app.answers["/dial"] = destination(dial_passthru_event_url=events, record=True)
    # The ringing tone ends when the other side answers: both sides speak only then.
    carrier.phones[HUMAN] = Phone(
        ring_seconds=1, script=(Wait(1), Speak(spoken), Wait(20)), hangs_up=True
    )
    caller = Phone(script=(Wait(10), Speak(spoken), Wait(30)))
    sid = await called_in(on_stage, caller)
    (bridged,) = carrier.ledger.all(What.BRIDGED, sid)
    assert bridged.facts["to"] == HUMAN
    assert spoken in bytes(carrier.phones.handsets(HUMAN)[0].heard)
    assert spoken in bytes(carrier.phones.handsets(THEIRS)[0].heard)
    assert app.at("/dial")[0].headers["exotel-version"] == "1.0"
    assert not app.at("/return")
    assert len(carrier.ledger.all(What.HUNG_UP, sid)) == 2
    assert len(carrier.ledger.all(What.MONEY, sid)) == 2
    assert carrier.ledger.all(What.RECORDING_STOPPED, sid, why="the talk is over")
    await carrier.ledger.until(What.WEBHOOK, sid, kind="dial Terminal")
    told = {one.fields["EventType"]: one.fields for one in app.at("/events")}
    assert set(told) == {"Dial", "Ringing", "Answered", "Terminal"}
    assert (told["Ringing"]["Status"], told["Terminal"]["Status"]) == ("busy", "free")
    assert told["Terminal"]["DialCallStatus"] == "completed"
    assert told["Dial"]["DialWhomNumber"] == "09812345678"
    found = (await on_stage.rest.get(f"Calls/{sid}.json?details=true")).json()["Call"]
    details = found["Details"]
    assert (details["Leg1Status"], details["Leg2Status"]) == ("completed", "completed")
    first, second = (leg["Leg"] for leg in details["Legs"])
    assert details["ConversationDuration"] == second["OnCallDuration"] < first["OnCallDuration"]


@pytest.mark.parametrize(("phone", "status"), [(BUSY, "busy"), (NO_ANSWER, "no-answer")])
async def test_a_transfer_in_vain_comes_back(on_stage: Stage, phone: Phone, status: str) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "next", "dial", "return")
    app.answers["/dial"] = destination()
    carrier.phones[HUMAN] = phone
    sid = await called_in(on_stage)
    fields = app.at("/return")[0].fields
    assert fields["DialCallStatus"] == status
    assert fields["DialWhomNumber"] == "09812345678"
    assert len(carrier.playbacks(sid)) == 2
    assert not carrier.ledger.all(What.BRIDGED)


async def test_nobody_to_dial_comes_back_too(on_stage: Stage) -> None:
    on_stage.set_up("answer", "dial", "return")
    on_stage.app.answers["/dial"] = destination(destination={"numbers": []})
    await called_in(on_stage)
    assert on_stage.app.at("/return")
    assert on_stage.exotel.ledger.dials(HUMAN) == 0


async def test_a_second_transfer_needs_a_second_passthru_and_connect(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "next", "dial", "return", "next", "dial")
    app.answers["/dial"] = destination()
    carrier.phones[HUMAN] = [BUSY, human("hello", talk_seconds=0.2)]
    sid = await called_in(on_stage)
    assert len(app.at("/next")) == len(app.at("/dial")) == 2
    assert carrier.ledger.all(What.BRIDGED, sid)


async def test_the_caller_hangs_up_while_somebody_rings(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "next", "dial", "return")
    app.answers["/dial"] = destination(max_ringing_duration=40)
    carrier.phones[HUMAN] = NO_ANSWER
    sid = await called_in(on_stage, cut_short(Phone(), 8))
    legs = {e.facts["leg"]: e.facts["source"] for e in carrier.ledger.all(What.HUNG_UP, sid)}
    assert set(legs.values()) == {"Caller"}
    assert len(legs) == 2
    assert not carrier.ledger.live_legs()
    assert not app.at("/return")


async def test_numbers_in_turn_and_side_by_side(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "dial")
    both = {"numbers": [HUMAN, "09800000001"]}
    carrier.phones[HUMAN] = [NO_ANSWER, Phone(ring_seconds=20)]
    carrier.phones["+919800000001"] = human("hello", talk_seconds=0.2)
    together = {"activate": True, "max_parallel_attempts": 2}
    app.answers["/dial"] = [
        destination(destination=both, max_ringing_duration=2),
        destination(destination=both, parallel_ringing=together, max_ringing_duration=30),
    ]
    for _ in range(2):
        sid = await called_in(on_stage)
        (bridged,) = carrier.ledger.all(What.BRIDGED, sid)
        assert bridged.facts["to"] == "+919800000001"
    assert carrier.ledger.all(What.HUNG_UP, sid, status="canceled")


async def test_fetched_again_after_an_attempt(on_stage: Stage) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "dial", "return")
    app.answers["/dial"] = [
        destination(fetch_after_attempt=True),
        destination(destination={"numbers": []}),
    ]
    carrier.phones[HUMAN] = BUSY
    await called_in(on_stage)
    assert len(app.at("/dial")) == 2
    assert app.at("/dial")[1].fields["DialCallStatus"] == "busy"
    assert app.at("/return")


BAD_DESTINATIONS: dict[str, Any] = {
    "status": 500,
    "not json": Response(b"<Response/>"),
    "a list": Response(b"[]"),
    "no destination": destination(destination={}),
    "a trunk": destination(destination={"trunk": "trunk-1"}),
    "no number": destination(destination={"numbers": ["sip:x@y"]}),
    "unknown field": destination(timeout=5),
    "six at once": destination(parallel_ringing={"activate": True, "max_parallel_attempts": 6}),
    "ringing as text": destination(max_ringing_duration="25"),
    "music": destination(music_on_hold={"type": "jazz"}),
    "events": destination(dial_passthru_event_url="not an address"),
}


@pytest.mark.parametrize("case", BAD_DESTINATIONS)
async def test_a_bad_destination_dials_nobody(on_stage: Stage, case: str) -> None:
    app, carrier = on_stage.app, on_stage.exotel
    on_stage.set_up("answer", "dial", "return")
    app.answers["/dial"] = BAD_DESTINATIONS[case]
    await called_in(on_stage)
    (entry,) = carrier.ledger.all(What.DOCUMENT, purpose="connect")
    assert entry.facts["fault"]
    assert carrier.ledger.dials(HUMAN) == 0
    assert app.at("/return")


async def test_a_foreign_caller_id_dials_nobody() -> None:
    async with stage(numbers=[OURS]) as on_stage:
        on_stage.set_up("answer", "dial")
        on_stage.app.answers["/dial"] = destination(outgoing_phone_number="08000000000")
        await called_in(on_stage)
        assert on_stage.exotel.ledger.dials(HUMAN) == 0
        refused = await on_stage.connect(CallerId="08000000000")
        assert refused.status_code == 400


@pytest.mark.parametrize(
    "answer",
    [
        500,
        302,
        Response(b"{"),
        {"url": "http://127.0.0.1/"},
        {"url": 5},
        {"address": "ws://127.0.0.1/"},
        {"url": "ws://127.0.0.1/ws?a=1&b=2&c=3&d=4"},
        {"url": "ws://127.0.0.1/ws?a=" + "1" * 256},
        {"url": "ws://127.0.0.1/ws?sample-rate=44100"},
    ],
)
async def test_a_voicebot_without_its_address_gives_way_to_the_next_applet(
    on_stage: Stage, answer: Any
) -> None:
    on_stage.app.answers["/answer"] = answer
    on_stage.set_up("answer", "next")
    await called_in(on_stage)
    fields = on_stage.app.at("/next")[0].fields
    assert fields["Stream[Status]"] == "failed"
    assert fields["Stream[Error]"]
    assert not on_stage.app.handshakes


async def test_an_address_that_comes_too_late(on_stage: Stage) -> None:
    assert on_stage.exotel.quirks.url_seconds == 5
    on_stage.exotel.quirks.url_seconds = 0.2
    on_stage.app.delays["/answer"] = 1
    on_stage.set_up("answer", "next")
    await called_in(on_stage)
    assert on_stage.app.at("/next")[0].fields["Stream[Status]"] == "failed"
    assert not on_stage.app.handshakes


async def test_what_is_pasted_by_mistake_is_noted(on_stage: Stage) -> None:
    on_stage.exotel.set_up(OURS, ["hello", "https://x.example/?k=ended"])
    notes = [str(entry.facts["text"]) for entry in on_stage.exotel.ledger.all(What.NOTE)]
    assert sum("passed over" in note for note in notes) == 2
    sid = await called_in(on_stage)
    assert on_stage.exotel.ledger.all(What.HUNG_UP, sid, name="not configured")


async def test_strict_flow_ids(on_stage: Stage) -> None:
    on_stage.exotel.quirks.strict_flow_ids = True
    on_stage.set_up("answer")
    on_stage.app.parts = [closes_at_once]
    assert (await on_stage.connect(Url=on_stage.flow_url("1"))).status_code == 404
    right = on_stage.flow_url(on_stage.exotel.flow_id(OURS))
    assert (await on_stage.connect(Url=right)).status_code == 200
