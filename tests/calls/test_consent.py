"""Consent before a recording: asked once, before the agent, and nothing is recorded until it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import BUSY, Phone
from linecard.simulator.script import HangUp, Press, Speak, Step, Wait, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.lines import Line, line
from tests.calls.telephone import names
from tests.calls.test_recordings_kept import first, is_kept

TALK = speech("hello there")
PROMPT = "This call is recorded."
ANNOUNCED = {"say": PROMPT}
ASKED = {"say": "Press 1 if we may record this call.", "accept_key": "1", "seconds": 5}
ALL_PROVIDERS = ("plivo", "twilio")
DIRECTIONS = ("in", "out")


@pytest.fixture(params=ALL_PROVIDERS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    async with line(tmp_path, request.param) as running:
        yield running


def caller(*steps: Step) -> Phone:
    return Phone(script=(WaitForSound(), *steps, Wait(2), Speak(TALK), Wait(2)), hangs_up=True)


async def begin(at: Line, direction: str, phone: Phone) -> str:
    """A call that comes in or goes out; our id of it."""
    if direction == "in":
        await at.world.carrier.call_in(at.customer, at.ours, phone)
        return str((await at.world.only_call())["id"])
    at.world.carrier.phones[at.customer] = phone
    return str((await at.world.dial(at.customer, **{"from": at.ours}))["id"])


async def whole_call(
    at: Line, direction: str, consent: dict[str, Any], phone: Phone, **number: object
) -> dict[str, Any]:
    await at.route({}, record=True, consent=consent, **number)
    call_id = await begin(at, direction, phone)
    call = await at.world.ended(call_id)
    await at.world.eventually(lambda: at.world.carrier.ledger.live_legs() == ())
    return call


def entries(at: Line, *kinds: What) -> list[Entry]:
    return [entry for entry in at.world.carrier.ledger.entries if entry.what in kinds]


def documents(at: Line) -> list[list[str]]:
    found = entries(at, What.DOCUMENT)
    return [[str(tag) for tag in entry.facts["elements"]] for entry in found]  # type: ignore[attr-defined]


def facts(call: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [event["facts"] for event in call["events"] if event["name"] == name]


def is_recorded_after(at: Line, what: What) -> bool:
    """One recording, and it began when something had happened already."""
    kinds = [entry.what for entry in entries(at, what, What.RECORDING_STARTED)]
    return kinds.count(What.RECORDING_STARTED) == 1 and kinds[0] is what


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_an_announcement_is_heard_before_anything_is_recorded(
    at: Line, direction: str
) -> None:
    call = await whole_call(at, direction, ANNOUNCED, caller(Wait(5)))
    asked, second = documents(at)[:2]
    assert not {"Record", "Start", "Stream", "Connect"} & set(asked), asked
    assert {"Stream", "Connect"} & set(second)
    assert is_recorded_after(at, What.DOCUMENT)
    assert facts(call, "consent-given") == [{"how": "announced"}]
    seen = [name for name in names(call) if name.startswith(("consent", "agent-started"))]
    assert seen == ["consent-asked", "consent-given", "agent-started"]
    assert call["consent"] == "announced"
    assert facts(call, "recording-planned") == [{"by": "linecard", "when": "consent"}]
    kept = await at.world.until(call["id"], is_kept)
    assert [one["n"] for one in kept["recordings"]] == [1]
    assert first(kept)["channels"] == 2


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_a_key_is_a_yes(at: Line, direction: str) -> None:
    call = await whole_call(at, direction, ASKED, caller(Wait(1), Press("1"), Wait(4)))
    assert is_recorded_after(at, What.DIGIT_PRESSED)
    assert facts(call, "consent-given") == [{"how": "key"}]
    assert call["consent"] == "given"
    assert call["status"] == "completed"
    assert "agent-started" in names(call)
    assert "***" not in str(call["events"])


NOES = {
    "another key": ((Wait(1), Press("2"), Wait(4)), "another key"),
    "no key": ((Wait(14),), "no key"),
}


@pytest.mark.parametrize("no", NOES)
async def test_a_no_ends_the_call_unrecorded(at: Line, no: str) -> None:
    steps, why = NOES[no]
    call = await whole_call(at, "in", ASKED, caller(*steps))
    assert facts(call, "consent-refused") == [{"reason": why, "then": "hang-up"}]
    assert call["consent"] == "refused"
    assert call["end_reason"] == "the caller did not agree to be recorded"
    assert "agent-started" not in names(call)
    assert entries(at, What.RECORDING_STARTED) == []


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_a_no_may_go_on_unrecorded_for_the_whole_call(at: Line, direction: str) -> None:
    """Whoever asks later is refused, too; and no file is waited for."""
    await at.route({}, record=True, consent=ASKED | {"on_refusal": "go-on"})
    call_id = await begin(at, direction, caller(Wait(1), Press("3"), Wait(40)))
    await at.world.until(call_id, lambda one: "stream-started" in names(one))
    body = {"do": "start"}
    answer = await at.world.api.post(f"/api/calls/{call_id}/recording", json=body)
    assert answer.status_code == 409
    assert "(no-consent)" in answer.json()["detail"]
    call = await at.world.ended(call_id)
    assert facts(call, "consent-refused") == [{"reason": "another key", "then": "go-on"}]
    assert "agent-started" in names(call)
    assert entries(at, What.RECORDING_STARTED) == []
    assert call["recordings"] == []


async def test_a_caller_who_hangs_up_during_the_prompt_was_not_recorded(at: Line) -> None:
    call = await whole_call(at, "in", ASKED, Phone(script=(WaitForSound(), HangUp())))
    assert call["consent"] == "asked"
    assert entries(at, What.RECORDING_STARTED) == []


async def test_an_agent_cannot_record_who_was_not_asked(at: Line) -> None:
    """The number asks, and this call was not to be recorded: so nobody asked."""
    await at.route({}, consent=ASKED)
    call_id = await begin(at, "in", caller(Wait(30)))
    call = await at.world.until(call_id, lambda one: "stream-started" in names(one))
    assert "consent-asked" not in names(call)
    answer = await at.world.api.post(f"/api/calls/{call_id}/recording", json={"do": "start"})
    assert answer.status_code == 409
    await at.world.api.post(f"/api/calls/{call_id}/hangup")
    await at.world.ended(call_id)


async def stream_dies(at: Line, call_id: str) -> None:
    faults = at.world.carrier.faults
    unwatch = at.world.carrier.ledger.watch(
        lambda entry: (
            setattr(faults, "socket_reset", 0) if entry.what is What.STREAM_CLOSED else None
        )
    )
    faults.socket_reset = 1.0
    await at.world.until(call_id, lambda one: names(one).count("stream-started") == 2)
    unwatch()


async def transfer_comes_back(at: Line, call_id: str) -> None:
    at.world.carrier.phones[at.human] = BUSY
    body = {"to": [at.human]}
    answer = await at.world.api.post(f"/api/calls/{call_id}/transfer", json=body)
    assert answer.status_code == 202, answer.text
    await at.world.until(call_id, lambda one: names(one).count("stream-started") == 2)


RETURNS: dict[str, Callable[[Line, str], Awaitable[None]]] = {
    "a stream that died": stream_dies,
    "a transfer that came back": transfer_comes_back,
}


@pytest.mark.parametrize("way", RETURNS)
async def test_who_has_agreed_is_not_asked_again(at: Line, way: str) -> None:
    await at.route({}, record=True, consent=ASKED)
    call_id = await begin(at, "in", caller(Wait(1), Press("1"), Wait(300)))
    await at.world.until(call_id, lambda one: "stream-started" in names(one))
    await asyncio.sleep(0.3)
    await RETURNS[way](at, call_id)
    await at.world.api.post(f"/api/calls/{call_id}/hangup")
    call = await at.world.ended(call_id)
    assert names(call).count("consent-asked") == 1
    assert names(call).count("consent-given") == 1
    assert len(entries(at, What.RECORDING_STARTED)) == 1


async def test_a_repeat_of_any_request_asks_and_records_once(at: Line) -> None:
    """Every callback twice, and some of them in the other order."""
    at.world.carrier.faults.answer_twice = 1.0
    at.world.carrier.faults.replay = 1.0
    call = await whole_call(at, "in", ASKED, caller(Wait(1), Press("1"), Wait(4)))
    assert names(call).count("consent-asked") == 1
    assert names(call).count("consent-given") == 1
    assert len(entries(at, What.RECORDING_STARTED)) == 1


@pytest.mark.parametrize(
    ("consent", "field"),
    [
        ({}, "consent"),
        ({"say": "x", "play": "https://x.example/a.wav"}, "consent"),
        ({"sound": "a.wav"}, "consent"),
        ({"say": "x", "accept_key": "12"}, "consent.accept_key"),
        ({"say": "x", "on_refusal": "insist"}, "consent.on_refusal"),
        ({"say": "x", "seconds": 0}, "consent.seconds"),
        ({"say": "x", "why": 1}, "consent.why"),
    ],
)
async def test_a_consent_that_cannot_be_asked_is_422(
    tmp_path: Path, consent: dict[str, Any], field: str
) -> None:
    async with line(tmp_path, "plivo") as at:
        body = {"number": at.ours, "provider": "plivo", "agent": "echo", "consent": consent}
        answer = await at.world.api.post("/api/numbers", json=body)
        assert answer.status_code == 422, answer.text
        assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_carrier_that_records_by_itself_cannot_ask_first(tmp_path: Path) -> None:
    """With its tick set: 422. Without, nothing could start the recording: 501."""
    async with line(tmp_path, "exotel") as at:
        body = {"number": at.ours, "provider": "exotel", "agent": "echo", "consent": ANNOUNCED}
        answer = await at.world.api.post("/api/numbers", json=body | {"record": True})
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == ["consent"]
        answer = await at.world.api.post("/api/numbers", json=body)
        assert answer.status_code == 501
        assert "start_recording" in answer.json()["detail"]
        del body["consent"]
        assert (await at.world.api.post("/api/numbers", json=body)).status_code == 201
        changed = await at.world.api.patch(f"/api/numbers/{at.ours}", json={"consent": ANNOUNCED})
        assert changed.status_code == 501


async def test_a_number_shows_its_consent_and_takes_it_off(tmp_path: Path) -> None:
    async with line(tmp_path, "plivo") as at:
        await at.route({}, record=True, consent=ASKED)
        shown = (await at.world.api.get(f"/api/numbers/{at.ours}")).json()
        assert shown["consent"] == ASKED
        assert shown["record_after_transfer"] is False
        answer = await at.world.api.patch(f"/api/numbers/{at.ours}", json={"channels": 3})
        assert answer.json()["consent"] == ASKED
        answer = await at.world.api.patch(f"/api/numbers/{at.ours}", json={"consent": None})
        assert answer.json()["consent"] is None
