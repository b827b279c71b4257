"""Calls over the simulated Twilio where something goes wrong: nobody is dialled twice, no line stays open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from linecard import ConnectOrder, Number
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone, voicemail
from linecard.simulator.script import HangUp, Speak, Wait
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

TALKER = Phone(script=(Wait(2), Speak(speech("hello there")), Wait(20)), hangs_up=True)
STAYS = Phone(script=(Wait(300),))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path, "twilio") as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", ["callback_twice", "callback_shuffle", "callback_delay", "answer_twice", "replay"]
)
async def test_the_record_is_the_same_whatever_becomes_of_callbacks(
    world: Telephone, fault: str
) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    setattr(world.carrier.faults, fault, 1.0)
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    seen = names(call)
    assert (seen.count("leg-ended"), seen.count("agent-started")) == (1, 1), seen
    assert world.carrier.ledger.dials(CUSTOMER) == 1
    assert world.carrier.ledger.live_legs() == ()


async def test_forged_requests_are_refused(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    world.carrier.faults.bad_signature = 1.0
    await world.register()
    placed = await world.dial()
    await world.eventually(
        lambda: any(
            entry.facts.get("status") == 403 for entry in world.carrier.ledger.all(What.WEBHOOK)
        )
    )
    call = await world.call(placed["id"])
    assert "answer-requested" not in names(call)
    assert "stream-started" not in names(call)


@pytest.mark.parametrize("fault", ["drop_answer", "error_after", "malformed_answer"])
async def test_a_dial_without_a_clear_answer_is_settled_by_its_callbacks(
    world: Telephone, fault: str
) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    setattr(world.carrier.faults, fault, 1.0)
    await world.register()
    answer = await world.api.post("/api/calls", json={"from": OURS, "to": CUSTOMER})
    setattr(world.carrier.faults, fault, 0.0)
    placed = answer.json()
    call = await world.ended(placed["id"])
    assert "placement-unknown" in names(call)
    assert call["status"] == "completed"
    assert world.carrier.ledger.dials(CUSTOMER) == 1


async def test_a_dial_that_twilio_refuses_says_why(world: Telephone) -> None:
    world.carrier.faults.too_many_requests = 1.0
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert (call["status"], world.carrier.ledger.dials(CUSTOMER)) == ("failed", 0)
    assert "refused by the carrier" in call["end_reason"]


async def test_a_stream_that_never_opens_is_asked_for_twice_more(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(30), HangUp()))
    world.carrier.faults.socket_refused = 1.0
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert names(call).count("stream-asked-again") == 2
    assert "apologised" in names(call)
    assert world.carrier.ledger.live_legs() == ()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["socket_garbage", "socket_wrong_id", "socket_lost_frame"])
async def test_messages_of_no_use_cost_no_call(world: Telephone, fault: str) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    setattr(world.carrier.faults, fault, 0.1)
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert names(call).count("stream-started") == 1


async def test_the_end_of_a_call_whose_callbacks_are_lost_is_looked_up(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    world.carrier.faults.callback_drop = 1.0
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert call["duration"] is not None
    assert world.carrier.ledger.live_legs() == ()


async def test_the_machine_is_waited_for_where_that_was_asked(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = voicemail("please leave a message", patience=10)
    await world.register()
    placed = await world.dial(machine="wait-for-beep")
    call = await world.ended(placed["id"])
    detected = next(one["facts"] for one in call["events"] if one["name"] == "machine-detected")
    assert (detected["kind"], detected["raw"]) == ("machine", "machine_end_beep")


async def test_a_running_recording_is_paused_goes_on_and_is_stopped(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register()
    placed = await world.dial(record=True)
    await world.until(placed["id"], lambda call: "recording-started" in names(call))
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    for do in ("pause", "resume", "stop"):
        answer = await world.api.post(f"/api/calls/{placed['id']}/recording", json={"do": do})
        assert answer.status_code == 202, (do, answer.text)
    await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    await world.ended(placed["id"])


async def test_a_recording_is_started_while_the_call_runs(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = STAYS
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/recording", json={"do": "start"})
    assert answer.json()["result"] == "started", answer.text
    assert world.carrier.ledger.all(What.RECORDING_STARTED)
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )


async def test_prices_and_price_of_a_call_come_from_the_carrier(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    world.carrier.quirks.rating_delay = 0.0  # type: ignore[attr-defined]
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    hooks: Any = world.exchange.plugins.relay("twilio", "main").hooks
    found = await hooks.find_call(call["carrier_ids"])
    assert float(found.rated.cost) > 0
    lines = await hooks.rates(CUSTOMER)
    assert lines[0].what == "call"
    assert float(lines[0].usd) > 0


def number() -> Number:
    return Number(id="n", number=OURS, provider="twilio", account="main", agent="echo")


async def test_a_number_is_connected_and_given_back(world: Telephone) -> None:
    await world.register()
    hooks: Any = world.exchange.plugins.relay("twilio", "main").hooks
    base = f"{world.url}/twilio/answer?a=main"
    order = ConnectOrder(
        name="linecard",
        apply=True,
        answer_url=f"{base}&k=answer",
        ended_url=f"{world.url}/twilio/callback/status?a=main&k=ended",
        fallback_url=f"{base}&k=fallback",
    )
    await hooks.connect_number(
        number(), replace(order, answer_url="https://before.example.com/voice")
    )
    before = await hooks.connect_number(number(), replace(order, apply=False))
    connected = await hooks.connect_number(number(), order)
    await world.carrier.call_in(CUSTOMER, OURS, TALKER)
    call = await world.ended((await world.only_call())["id"])
    assert call["status"] == "completed"
    ours = replace(number(), former_target=connected.former, connected_target=connected.target)
    await hooks.disconnect_number(ours)
    after = await hooks.connect_number(number(), replace(order, apply=False))
    assert after.target == before.target
    assert "before.example.com" in after.target
