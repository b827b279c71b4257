"""Whole calls over Plivo's protocol: the real SDK, real sockets, the simulated carrier."""

from __future__ import annotations

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone, human
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names

TALK = speech("hello there, can you hear me")
TALKER = Phone(script=(Wait(2.0), Speak(TALK), Wait(1.0)), hangs_up=True)


async def test_an_outbound_call_from_dial_to_hang_up(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register()
    placed = await world.dial(metadata={"order": "17"})
    assert placed["status"] in {"dialing", "ringing", "in-progress"}
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert call["metadata"] == {"order": "17"}
    assert call["carrier_ids"]["call_uuid"]
    assert call["duration"] is not None
    assert float(call["cost"]) > 0
    assert call["answered_at"] < call["ended_at"]
    seen = names(call)
    for name in (
        "intended",
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
    playback = world.carrier.playbacks(call["carrier_ids"]["call_uuid"])[0]
    heard = bytes(playback.played)
    assert TALK in heard


async def test_an_inbound_call_by_the_dialled_number(world: Telephone) -> None:
    await world.register(record=True)
    await world.carrier.call_in(CUSTOMER, OURS, TALKER)
    first = await world.only_call()
    call = await world.ended(first["id"])
    assert (call["direction"], call["from"], call["to"]) == ("inbound", CUSTOMER, OURS)
    assert call["status"] == "completed"
    call = await world.until(call["id"], lambda one: bool(one["recordings"]))
    assert world.carrier.ledger.all(What.RECORDING_STARTED)


async def test_an_outbound_call_is_recorded_at_answer_and_the_file_can_be_had(
    world: Telephone,
) -> None:
    world.carrier.phones[CUSTOMER] = TALKER
    await world.register()
    placed = await world.dial(record=True)
    call = await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    file = await world.api.get(call["recordings"][0]["file"])
    assert file.status_code == 200
    assert file.content[:4] == b"RIFF"
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
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: "stream-started" in names(call))
    answer = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert answer.status_code == 202
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert world.carrier.ledger.live_legs() == ()
    again = await world.api.post(f"/api/calls/{placed['id']}/hangup")
    assert again.status_code == 409


async def test_a_ringing_call_is_cancelled(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(ring_seconds=60)
    await world.register()
    placed = await world.dial()
    await world.until(placed["id"], lambda call: call["status"] == "ringing")
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    call = await world.ended(placed["id"])
    assert call["status"] == "canceled"
    assert world.carrier.ledger.live_legs() == ()


async def test_a_transfer_to_a_busy_human_leaves_the_caller_with_the_same_agent(
    world: Telephone,
) -> None:
    world.carrier.phones[CUSTOMER] = Phone(
        script=(
            WaitForSound(),
            WaitForSilence(),
            Press("0"),
            Wait(6),
            Press("5"),
            Wait(4),
            HangUp(),
        )
    )
    world.carrier.phones[HUMAN] = BUSY
    await world.register(agent="greeter")
    placed = await world.dial(metadata={"transfer_to": HUMAN})
    call = await world.ended(placed["id"])
    seen = names(call)
    assert seen.count("agent-started") == 1
    assert seen.count("stream-started") == 1, seen
    reported = next(event for event in call["events"] if event["name"] == "transfer-reported")
    assert reported["facts"]["result"] == "busy"
    assert world.carrier.ledger.dials(HUMAN) == 1
    assert world.carrier.ledger.live_legs() == ()


async def test_a_transfer_to_a_human_who_answers_bridges_and_the_agent_leaves(
    world: Telephone,
) -> None:
    world.carrier.phones[CUSTOMER] = Phone(
        script=(WaitForSound(), WaitForSilence(), Press("0"), Wait(60))
    )
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=8)
    await world.register(agent="greeter")
    placed = await world.dial(metadata={"transfer_to": HUMAN})
    call = await world.ended(placed["id"])
    seen = names(call)
    assert "leg-answered" in seen
    assert seen.count("stream-started") == 1
    reported = next(event for event in call["events"] if event["name"] == "transfer-reported")
    assert reported["facts"]["result"] == "bridged"
    assert world.carrier.ledger.all(What.BRIDGED)
    assert world.carrier.ledger.live_legs() == ()
