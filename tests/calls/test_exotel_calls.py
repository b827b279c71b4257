"""Whole calls over Exotel's protocol: real requests, real sockets, the simulated carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone, human
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from linecard_exotel.simulator import SimulatedExotel
from tests.calls.telephone import Telephone, names, telephone

EXOPHONE, CUSTOMER, HUMAN = "+918047113155", "+919494865411", "+919812345678"
TALK = speech("hello there, can you hear me")
TALKER = Phone(script=(Wait(2.0), Speak(TALK), Wait(4.0)), hangs_up=True)
ALLOWED = f"{HUMAN},+91*"
PASSWORD = "a-long-password"
FRAME = 320


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(
        tmp_path, "exotel", allowed_countries="IN", transfer_allow=ALLOWED
    ) as running:
        yield running


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Telephone]:
    variables = {"EXOTEL_WEBHOOK_USER": "linecard", "EXOTEL_WEBHOOK_PASSWORD": PASSWORD}
    async with telephone(
        tmp_path, "exotel", variables=variables, allowed_countries="IN", transfer_allow=ALLOWED
    ) as running:
        yield running


def exotel(world: Telephone) -> SimulatedExotel:
    assert isinstance(world.carrier, SimulatedExotel)
    return world.carrier


async def set_up(world: Telephone, **changes: object) -> dict[str, Any]:
    """Register the ExoPhone, and build its flow as its steps say."""
    await world.register(number=EXOPHONE, **changes)
    shown = (await world.api.get(f"/api/numbers/{EXOPHONE}")).json()
    pasted = [step["paste"] for step in shown["setup"] if step["paste"]]
    assert len(pasted) == 6
    exotel(world).set_up(EXOPHONE, pasted)
    return dict(shown)


async def with_flow(world: Telephone, **changes: object) -> None:
    """The same, with the flow for calls that go out too."""
    await set_up(world, **changes)
    options = {"flow_id": exotel(world).flow_id(EXOPHONE)}
    answer = await world.api.patch(f"/api/numbers/{EXOPHONE}", json={"options": options})
    assert answer.status_code == 200, answer.text


async def dial(world: Telephone, **changes: object) -> dict[str, Any]:
    return await world.dial(CUSTOMER, **({"from": EXOPHONE} | changes))


def is_quiet(world: Telephone) -> bool:
    return world.carrier.ledger.live_legs() == ()


def is_heard(world: Telephone, call: dict[str, Any]) -> bool:
    """Whether every 20 ms of the talk came back, in order; silence may stand between chunks."""
    playbacks = world.carrier.playbacks(call["carrier_ids"]["call_sid"])
    played = b"".join(bytes(one.played) for one in playbacks)
    place = 0
    for start in range(0, len(TALK) - FRAME, FRAME):
        place = played.find(TALK[start : start + FRAME], place)
        if place < 0:
            return False
    return True


async def test_a_call_goes_out_with_the_streams_address_in_the_dial(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register(number=EXOPHONE)
    placed = await dial(world, metadata={"order": "17"})
    call = await world.ended(placed["id"])
    assert call["status"] == "completed", call["end_reason"]
    assert call["carrier_ids"]["call_sid"]
    assert is_heard(world, call)
    assert world.carrier.ledger.dials(CUSTOMER) == 1
    assert is_quiet(world)


async def test_a_call_goes_out_through_a_flow(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await with_flow(world)
    placed = await dial(world)
    call = await world.ended(placed["id"])
    assert call["status"] == "completed", call["end_reason"]
    seen = names(call)
    assert seen.count("answer-requested") == seen.count("stream-started") == 1
    assert is_heard(world, call)
    assert is_quiet(world)


async def test_a_call_comes_in_through_the_flow(world: Telephone) -> None:
    await set_up(world)
    await world.carrier.call_in(CUSTOMER, EXOPHONE, TALKER)
    first = await world.only_call()
    call = await world.ended(first["id"])
    assert (call["direction"], call["from"], call["to"]) == ("inbound", CUSTOMER, EXOPHONE)
    assert call["status"] == "completed"
    assert is_heard(world, call)
    assert is_quiet(world)


async def test_basic_auth_on_pasted_addresses_and_on_the_socket(guarded: Telephone) -> None:
    await set_up(guarded)
    await guarded.carrier.call_in(CUSTOMER, EXOPHONE, TALKER)
    first = await guarded.only_call()
    call = await guarded.ended(first["id"])
    assert call["status"] == "completed"
    assert "stream-started" in names(call)


async def test_busy_and_no_answer_are_told_apart(world: Telephone) -> None:
    await world.register(number=EXOPHONE)
    for phone, status in ((BUSY, "busy"), (NO_ANSWER, "no-answer")):
        world.carrier.phones[CUSTOMER] = phone
        placed = await dial(world, ring_seconds=10)
        call = await world.ended(placed["id"])
        assert call["status"] == status, call["end_reason"]
        assert call["answered_at"] is None
    assert is_quiet(world)


async def test_hanging_up_closes_the_stream_and_ends_the_call(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
    await with_flow(world)
    placed = await dial(world)
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert answer.status_code == 202
    await world.eventually(lambda: is_quiet(world))
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"


async def test_a_transfer_to_a_human_who_answers(world: Telephone) -> None:
    script = (WaitForSound(), WaitForSilence(), Press("0"), Wait(60))
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=2)
    world.carrier.phones[CUSTOMER] = Phone(script=script)
    await with_flow(world, agent="greeter")
    placed = await dial(world, metadata={"transfer_to": HUMAN})
    call = await world.ended(placed["id"])
    seen = names(call)
    assert seen.count("stream-started") == 1, seen
    assert results(call)[0] == "bridged"
    assert world.carrier.ledger.all(What.BRIDGED)
    assert world.carrier.ledger.dials(HUMAN) == 1
    assert is_quiet(world)


async def test_a_transfer_to_a_busy_human_brings_the_caller_back(world: Telephone) -> None:
    script = (WaitForSound(), WaitForSilence(), Press("0"), Wait(6), Press("5"), Wait(4), HangUp())
    world.carrier.phones[HUMAN] = BUSY
    await set_up(world, agent="greeter")
    await world.carrier.call_in(CUSTOMER, EXOPHONE, Phone(script=script))
    first = await world.only_call()
    call = await world.ended(first["id"])
    seen = names(call)
    assert seen.count("agent-started") == 1
    assert seen.count("stream-started") == 2, seen
    assert results(call) == ["busy"]
    assert is_quiet(world)


@pytest.mark.slow
async def test_a_caller_who_is_back_is_transferred_again(world: Telephone) -> None:
    to_human = (WaitForSound(), WaitForSilence(), Press("0"))
    world.carrier.phones[HUMAN] = BUSY
    await set_up(world, agent="greeter")
    phone = Phone(script=(*to_human, Wait(8), Press("0"), Wait(60)))
    await world.carrier.call_in(CUSTOMER, EXOPHONE, phone)
    first = await world.only_call()
    await world.until(first["id"], lambda call: names(call).count("stream-started") == 2)
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=2)
    # Nobody reports the end of a call that came in and was handed to somebody: it is found by a
    # look-up, minutes later.
    await world.until(first["id"], lambda call: results(call) == ["busy", "bridged"])
    assert world.carrier.ledger.dials(HUMAN) == 2
    await world.eventually(lambda: is_quiet(world))


def results(call: dict[str, Any]) -> list[str]:
    return [e["facts"]["result"] for e in call["events"] if e["name"] == "transfer-reported"]


async def test_a_call_without_a_flow_cannot_be_transferred(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
    await world.register(number=EXOPHONE)
    placed = await dial(world)
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/transfer", json={"to": [HUMAN]})
    assert answer.status_code == 501, answer.text
    assert "stream-ended" not in names(await world.call(placed["id"]))
    assert world.carrier.ledger.dials(HUMAN) == 0


async def test_a_recorded_call_has_its_file(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register(number=EXOPHONE)
    placed = await dial(world, record=True)
    call = await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    await world.eventually(lambda: is_quiet(world))

    async def has_file() -> bool:
        file = await world.api.get(call["recordings"][0]["file"])
        return file.status_code == 200 and len(file.content) > 8000

    await world.eventually(has_file)


async def test_an_address_of_a_number_is_no_use_after_the_call(world: Telephone) -> None:
    shown = await set_up(world)
    await world.carrier.call_in(CUSTOMER, EXOPHONE, TALKER)
    first = await world.only_call()
    call = await world.ended(first["id"])
    sid = call["carrier_ids"]["call_sid"]
    answer_url, next_url, dial_url, return_url = [
        step["paste"] for step in shown["setup"] if step["paste"]
    ][:4]
    replay = {"CallSid": sid, "CallFrom": CUSTOMER, "CallTo": EXOPHONE, "Direction": "incoming"}
    for url, status in ((answer_url, 404), (return_url, 404), (next_url, 302), (dial_url, 200)):
        answer = await _get(url, replay)
        assert answer.status_code == status
        assert b"wss" not in answer.content
        assert b"numbers" not in answer.content or b'"numbers":[]' in answer.content
        forged = url.replace("&t=", "&t=x")
        assert (await _get(forged, replay)).status_code == 403
        bare = url.partition("&x=")[0]
        assert (await _get(bare, replay)).status_code == 403


async def _get(url: str, fields: dict[str, str]) -> httpx2.Response:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), *fields.items()])
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.get(parts._replace(query=query).geturl())
