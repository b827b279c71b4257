"""Whole calls over Twilio's protocol: the real SDK, real sockets, the simulated carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from linecard.media import g711
from linecard.simulator.ledger import What
from linecard.simulator.linecodec import MuLawCodec
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone, human, voicemail
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.agents import recital
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names, telephone

TALK = speech("hello there, can you hear me")
TALKER = Phone(script=(Wait(2.0), Speak(TALK), Wait(15.0)), hangs_up=True)
WAITS = Phone(script=(Wait(300),))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    reciter = "tests.calls.agents:reciter"
    async with telephone(tmp_path, "twilio", agents=(reciter,)) as running:
        yield running


def facts(call: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [event["facts"] for event in call["events"] if event["name"] == name]


async def test_an_outbound_call_from_dial_to_hang_up(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register()
    placed = await world.dial(metadata={"order": "17"})
    call = await world.ended(placed["id"])
    assert (call["status"], call["end_reason"]) == ("completed", "completed")
    assert call["carrier_ids"]["call_sid"].startswith("CA")
    assert call["duration"] > 0
    assert call["answered_at"] < call["ended_at"]
    seen = names(call)
    for name in (
        "call-ringing",
        "answer-requested",
        "agent-started",
        "stream-started",
        "leg-ended",
    ):
        assert seen.count(name) == 1, (name, seen)
    assert world.carrier.ledger.dials(CUSTOMER) == 1
    assert world.carrier.ledger.live_legs() == ()


async def test_the_caller_hears_the_echo_sample_for_sample(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    playback = world.carrier.playbacks(call["carrier_ids"]["call_sid"])[0]
    # Our own codec reads and writes once more: mu-law has two zeros, and it writes one of them.
    heard = g711.encode_pcmu(g711.decode_pcmu(MuLawCodec().encode(TALK)))
    assert heard in bytes(playback.played)


async def test_the_caller_hears_the_agent_to_the_byte(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = WAITS
    await world.register(agent="reciter")
    placed = await world.dial()
    call = await world.until(placed["id"], lambda one: one["outcome"] is not None)
    await world.ended(placed["id"])
    assert call["outcome"] == "heard"
    playback = world.carrier.playbacks(call["carrier_ids"]["call_sid"])[0]
    assert bytes(playback.played) == g711.encode_pcmu(recital(8000))
    assert not world.carrier.ledger.all(What.STREAM_ERROR)


async def test_an_inbound_call_is_recorded_by_its_document(world: Telephone) -> None:
    await world.register(record=True)
    await world.carrier.call_in(CUSTOMER, OURS, TALKER)
    first = await world.only_call()
    call = await world.ended(first["id"])
    assert (call["direction"], call["from"], call["to"]) == ("inbound", CUSTOMER, OURS)
    assert call["status"] == "completed"
    call = await world.until(
        call["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    file = await world.api.get(call["recordings"][0]["file"])
    assert (file.status_code, file.content[:4]) == (200, b"RIFF")


async def test_an_outbound_call_is_recorded_with_the_dial_and_the_file_can_be_had(
    world: Telephone,
) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register()
    placed = await world.dial(record=True)
    call = await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    assert world.carrier.ledger.all(What.RECORDING_STARTED)
    file = await world.api.get(call["recordings"][0]["file"])
    assert file.status_code == 200
    assert len(file.content) > 8000


async def test_busy_no_answer_and_reject_are_told_apart(world: Telephone) -> None:
    await world.register()
    wanted = {
        "+14155550131": (BUSY, "busy"),
        "+14155550132": (NO_ANSWER, "no-answer"),
        "+14155550133": (REJECTS, "rejected"),
    }
    for number, (phone, _) in wanted.items():
        world.carrier.phones[number] = phone
    for number, (_, status) in wanted.items():
        placed = await world.dial(number, ring_seconds=10)
        call = await world.ended(placed["id"])
        assert call["status"] == status, call["end_reason"]
        assert call["duration"] in (0, None)
    assert world.carrier.ledger.live_legs() == ()


async def test_hanging_up_by_api_ends_the_carriers_leg(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = WAITS
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert answer.status_code == 202
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert world.carrier.ledger.live_legs() == ()


async def test_a_ringing_call_is_ended(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(ring_seconds=60)
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: call["status"] == "ringing")
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    call = await world.ended(placed["id"])
    assert call["answered_at"] is None
    assert world.carrier.ledger.live_legs() == ()


async def test_a_machine_is_detected_beside_the_call(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = voicemail("please leave a message", patience=10)
    await world.register()
    placed = await world.dial(machine="detect")
    call = await world.ended(placed["id"])
    (detected,) = facts(call, "machine-detected")
    assert detected["kind"] == "machine"
    assert names(call).index("answer-requested") < names(call).index("machine-detected")


async def transfer(world: Telephone, mode: str) -> dict[str, Any]:
    """A call that is transferred from outside its agent, once its stream runs."""
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(45), HangUp()))
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    asked = {"to": [HUMAN], "mode": mode, "timeout": 10}
    answer = await world.api.post(f"/api/calls/{placed['id']}/transfer", json=asked)
    assert answer.status_code == 202, answer.text
    return await world.ended(placed["id"])


async def test_a_cold_transfer_bridges(world: Telephone) -> None:
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=2)
    call = await transfer(world, "cold")
    answered = facts(call, "leg-answered")
    assert answered[0]["leg"] == "target:1"
    assert facts(call, "transfer-reported")[0]["result"] == "bridged"
    assert names(call).count("stream-started") == 1
    assert world.carrier.ledger.all(What.BRIDGED)
    assert world.carrier.ledger.live_legs() == ()


async def test_a_cold_transfer_to_a_busy_human_brings_the_caller_back(world: Telephone) -> None:
    world.carrier.phones[HUMAN] = BUSY
    call = await transfer(world, "cold")
    assert facts(call, "transfer-reported")[0]["result"] == "busy"
    assert names(call).count("stream-started") == 2
    assert names(call).count("agent-started") == 1
    assert world.carrier.ledger.dials(HUMAN) == 1
    assert world.carrier.ledger.live_legs() == ()


async def test_a_warm_transfer_consults_and_then_brings_the_caller_to_the_room(
    world: Telephone,
) -> None:
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=20)
    call = await transfer(world, "warm")
    seen = names(call)
    assert [one.get("bridged", False) for one in facts(call, "leg-answered")] == [False, True]
    assert facts(call, "transfer-reported")[-1]["result"] == "bridged"
    assert seen.count("stream-started") == 1
    assert seen.index("transfer-joining") < seen.index("stream-ended")
    assert len(world.carrier.ledger.all(What.JOINED)) == 2
    assert world.carrier.ledger.dials(HUMAN) == 1
    assert world.carrier.ledger.live_legs() == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phone", "result"), [(BUSY, "busy"), (NO_ANSWER, "no-answer"), (REJECTS, "declined")]
)
async def test_a_consultation_that_fails_leaves_the_caller_untouched(
    world: Telephone, phone: Phone, result: str
) -> None:
    world.carrier.phones[HUMAN] = phone
    call = await transfer(world, "warm")
    assert facts(call, "transfer-reported")[0]["result"] == result
    assert names(call).count("stream-started") == 1
    assert not world.carrier.ledger.all(What.JOINED)
    assert world.carrier.ledger.live_legs() == ()


async def test_a_consulted_human_who_hangs_up_first_ends_the_callers_leg_too(
    world: Telephone,
) -> None:
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=20)
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    asked = {"to": [HUMAN], "mode": "warm", "timeout": 10}
    await world.api.post(f"/api/calls/{placed['id']}/transfer", json=asked)
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert world.carrier.ledger.live_legs() == ()


async def test_two_humans_are_rung_and_the_one_who_answers_last_is_released(
    world: Telephone,
) -> None:
    second = "+14155550178"
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=20)
    world.carrier.phones[second] = Phone(ring_seconds=60)
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(60), HangUp()))
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    asked = {"to": [second, HUMAN], "mode": "warm", "timeout": 30}
    await world.api.post(f"/api/calls/{placed['id']}/transfer", json=asked)
    call = await world.ended(placed["id"])
    assert facts(call, "transfer-joining") == [{"leg": "target:2"}]
    await world.eventually(lambda: world.carrier.ledger.live_legs() == ())


async def test_the_human_of_a_caller_who_hangs_up_is_released(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(
        script=(WaitForSound(), WaitForSilence(), Press("0"), Wait(3), HangUp())
    )
    world.carrier.phones[HUMAN] = Phone(ring_seconds=60)
    await world.register(agent="greeter")
    placed = await world.dial(metadata={"transfer_to": HUMAN})
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    await world.eventually(lambda: world.carrier.ledger.live_legs() == ())
    assert world.carrier.ledger.dials(HUMAN) == 1


async def test_digits_at_the_answer_and_detection_of_machines_are_refused_together(
    world: Telephone,
) -> None:
    await world.register()
    body = {"from": OURS, "to": CUSTOMER, "send_digits": "1", "machine": "detect"}
    answer = await world.api.post("/api/calls", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "send_digits"
    assert (await world.api.get("/api/calls")).json()["items"] == []
    assert world.carrier.ledger.dials(CUSTOMER) == 0
