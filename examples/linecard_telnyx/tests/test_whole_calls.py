"""Whole calls over Telnyx's protocol: real sockets, the simulated carrier, our server."""

from __future__ import annotations

import audioop
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names

from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone, human
from linecard.simulator.script import Act, Ear, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from linecard_telnyx.simulator import SimulatedTelnyx
from linecard_telnyx.simulator.switch import Switch

TALK = speech("hello there, can you hear me")
ECHO = audioop.lin2ulaw(audioop.alaw2lin(audioop.lin2alaw(TALK, 2), 2), 2)
"""What comes back: in by PCMA, out by PCMU."""


@dataclass(frozen=True)
class UntilStream:
    """Say nothing before the carrier has a stream: commands take what time they take."""

    world: Telephone

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Silence."""
        while not self.world.carrier.ledger.all(What.STREAM_OPENED):
            yield Act()


def talker(world: Telephone, ring_seconds: float = 1.0) -> Phone:
    """Somebody who talks once there is somebody to talk to, hears the end of the echo, and hangs up."""
    script = (UntilStream(world), Wait(1.0), Speak(TALK), WaitForSilence(seconds=5.0))
    return Phone(script=script, hangs_up=True, ring_seconds=ring_seconds)


def switch(world: Telephone) -> Switch:
    """The simulated Telnyx's behaviour."""
    assert isinstance(world.carrier, SimulatedTelnyx)
    return world.carrier.switch


def commands(world: Telephone) -> list[str]:
    """The commands that Telnyx was given, in their order."""
    asked = world.carrier.ledger.all(What.REQUEST, method="POST")
    return [str(one.facts["path"]).rpartition("/")[2] for one in asked]


def heard(world: Telephone, call: dict[str, object]) -> list[bytes]:
    """What was played to the caller, stream by stream, as it was on the line."""
    ids = call["carrier_ids"]
    assert isinstance(ids, dict)
    return [bytes(one.played) for one in world.carrier.playbacks(ids["call_control_id"])]


async def test_a_call_comes_in_is_commanded_and_hears_its_echo(world: Telephone) -> None:
    await world.register(record=True)
    await world.carrier.call_in(CUSTOMER, OURS, talker(world))
    call = await world.ended((await world.only_call())["id"])
    assert (call["direction"], call["from"], call["to"]) == ("inbound", CUSTOMER, OURS)
    assert call["status"] == "completed"
    assert commands(world)[:3] == ["answer", "record_start", "streaming_start"]
    assert ECHO in heard(world, call)[0]
    assert {"call_control_id", "call_leg_id", "call_session_id"} <= call["carrier_ids"].keys()
    seen = names(call)
    for name in ("answer-requested", "call-answered", "stream-started", "leg-ended"):
        assert seen.count(name) == 1, (name, seen)
    assert "command-failed" not in seen
    assert world.carrier.ledger.live_legs() == ()


async def test_a_call_goes_out_and_is_commanded_at_its_answer(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = talker(world)
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert commands(world)[:2] == ["calls", "streaming_start"]
    assert ECHO in heard(world, call)[0]
    assert world.carrier.ledger.dials(CUSTOMER) == 1


async def test_a_stream_at_dial_is_open_while_it_rings_and_nobody_asks_for_an_answer(
    world: Telephone,
) -> None:
    world.carrier.phones[CUSTOMER] = talker(world, ring_seconds=20)
    await world.register(stream="at-dial")
    placed = await world.dial()
    # The socket says `connected`, and then nothing for as long as it rings.
    await world.carrier.ledger.until(What.RINGING)
    ringing = await world.call(placed["id"])
    assert "stream-started" not in names(ringing)
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert call["answered_at"] is not None
    assert ECHO in heard(world, call)[0]
    assert "streaming_start" not in commands(world)
    assert "answer-requested" not in names(call)


async def test_a_stream_at_dial_that_is_never_answered_ends_as_what_it_was(
    world: Telephone,
) -> None:
    world.carrier.phones[CUSTOMER] = NO_ANSWER
    await world.register(stream="at-dial")
    placed = await world.dial(ring_seconds=12)
    call = await world.ended(placed["id"])
    assert call["status"] == "no-answer"
    assert "agent-started" not in names(call)


async def test_busy_no_answer_and_reject_follow_from_the_cause(world: Telephone) -> None:
    await world.register()
    wanted = {
        "+14155550131": (BUSY, "busy"),
        "+14155550132": (NO_ANSWER, "no-answer"),
        "+14155550133": (REJECTS, "rejected"),
    }
    for number, (phone, status) in wanted.items():
        world.carrier.phones[number] = phone
        placed = await world.dial(number, ring_seconds=10)
        call = await world.ended(placed["id"])
        assert (call["status"], call["duration"]) == (status, None)
    assert world.carrier.ledger.live_legs() == ()


async def test_hanging_up_and_cancelling_are_one_command(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = [Phone(script=(Wait(300),)), Phone(ring_seconds=60)]
    await world.register()
    talking = await world.dial()
    await world.until(talking["id"], lambda call: "stream-started" in names(call))
    assert (await world.api.post(f"/api/calls/{talking['id']}/hangup")).status_code == 202
    assert (await world.ended(talking["id"]))["status"] == "completed"
    ringing = await world.dial()
    await world.eventually(lambda: len(world.carrier.ledger.all(What.RINGING)) == 2)
    await world.api.post(f"/api/calls/{ringing['id']}/hangup")
    assert (await world.ended(ringing["id"]))["status"] == "canceled"
    assert world.carrier.ledger.live_legs() == ()


async def test_the_agent_ends_the_call(world: Telephone) -> None:
    world.carrier.phones[CUSTOMER] = Phone(
        script=(WaitForSound(), WaitForSilence(), Press("9"), Wait(60))
    )
    await world.register(agent="greeter")
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    assert world.carrier.ledger.live_legs() == ()


async def test_a_call_that_has_ended_already_is_success_for_every_command(
    world: Telephone,
) -> None:
    """The end of the stream is told before the end of the call, and asks what comes next."""
    switch(world).stops_first = True
    world.carrier.phones[CUSTOMER] = talker(world)
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    assert call["status"] == "completed"
    refused = await world.carrier.ledger.until(What.REQUEST, status=422)
    assert "90018" in str(refused.facts["reply"])
    call = await world.call(placed["id"])
    assert "command-failed" not in names(call)


async def transfer(world: Telephone, direction: str) -> str:
    """A call whose caller is being transferred to the human; its id."""
    await world.register(agent="transferred")
    if direction == "inbound":
        await world.carrier.call_in(CUSTOMER, OURS, Phone(script=(Wait(60),), hangs_up=True))
        call_id = (await world.only_call())["id"]
    else:
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(60),), hangs_up=True)
        call_id = (await world.dial())["id"]
    lives = world.exchange.lives
    await world.eventually(lambda: call_id in lives and lives[call_id].streaming)
    asked = await world.api.post(f"/api/calls/{call_id}/transfer", json={"to": [HUMAN]})
    assert asked.status_code == 202, asked.text
    return str(call_id)


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
async def test_a_transfer_is_bridged_and_the_agent_leaves(
    agent_world: Telephone, direction: str
) -> None:
    world = agent_world
    world.carrier.phones[HUMAN] = human("hello this is anna", talk_seconds=2)
    call = await world.ended(await transfer(world, direction))
    seen = names(call)
    assert call["outcome"] == "bridged"
    assert world.carrier.ledger.all(What.BRIDGED)
    assert seen.count("stream-started") == 1
    assert "command-failed" not in seen
    reported = next(one for one in call["events"] if one["name"] == "transfer-reported")
    assert reported["facts"]["result"] in {"bridged", "failed"}
    assert world.carrier.ledger.live_legs() == ()


async def test_the_end_of_the_other_leg_does_not_end_the_callers(agent_world: Telephone) -> None:
    """The human is busy: their leg is hung up, and the caller is back with the same agent."""
    world = agent_world
    world.carrier.phones[HUMAN] = BUSY
    call = await world.ended(await transfer(world, "inbound"))
    legs = [one["facts"]["leg"] for one in call["events"] if one["name"] == "leg-ended"]
    assert legs == ["target:1", "caller"]
    seen = [name for name in names(call) if name in {"stream-started", "leg-ended"}]
    assert seen == ["stream-started", "leg-ended", "stream-started", "leg-ended"]
    assert names(call).count("agent-started") == 1
    assert (call["status"], call["outcome"]) == ("completed", "busy")
    assert commands(world).count("transfer") == 1
    assert world.carrier.ledger.live_legs() == ()


async def streaming(world: Telephone, call_id: str, times: int) -> None:
    """Wait until a call has had so many streams."""
    await world.until(call_id, lambda call: names(call).count("stream-started") == times, 10)


async def lose(world: Telephone) -> None:
    """Let the network lose the stream of the one leg there is."""
    leg = next(iter(switch(world).legs.values()))
    await world.eventually(lambda: leg.stream is not None)
    assert leg.stream is not None
    await leg.stream.close("lost on the way")


async def test_a_stream_that_is_lost_is_followed_by_another(world: Telephone) -> None:
    """The tail, the second time: each stream that ends asks for the next, at one and the same address."""
    world.carrier.phones[CUSTOMER] = Phone(script=(Wait(60),), hangs_up=True)
    await world.register()
    placed = await world.dial()
    for streams in (1, 2):
        await streaming(world, placed["id"], streams)
        await lose(world)
    await streaming(world, placed["id"], 3)
    await world.api.post(f"/api/calls/{placed['id']}/hangup")
    call = await world.ended(placed["id"])
    assert names(call).count("agent-started") == 1
    assert commands(world).count("streaming_start") == 3


async def test_a_recording_is_had_by_a_fresh_link_once_that_of_the_webhook_is_old(
    world: Telephone,
) -> None:
    switch(world).link_seconds = -1.0
    world.carrier.phones[CUSTOMER] = talker(world)
    await world.register()
    placed = await world.dial(record=True)
    call = await world.until(
        placed["id"], lambda one: [r["status"] for r in one["recordings"]] == ["completed"]
    )
    switch(world).link_seconds = 600.0
    file = await world.api.get(call["recordings"][0]["file"])
    assert (file.status_code, file.content[:4]) == (200, b"RIFF")
    assert len(file.content) > 8000


async def test_a_command_that_is_sent_again_is_carried_out_once(world: Telephone) -> None:
    """Telnyx does what it was told and fails to say so: the second try has the same command_id."""
    faults = world.carrier.faults
    faults.rest, faults.error_after = "streaming_start", 1.0

    def once(entry: Entry) -> None:
        if entry.facts.get("status") == 500:
            faults.error_after = 0.0

    world.carrier.ledger.watch(once)
    world.carrier.phones[CUSTOMER] = talker(world)
    await world.register()
    placed = await world.dial()
    call = await world.ended(placed["id"])
    sent: list[Any] = [
        one.facts["body"]
        for one in world.carrier.ledger.all(What.REQUEST, method="POST")
        if str(one.facts["path"]).endswith("streaming_start")
    ]
    tries = [body["command_id"] for body in sent]
    assert len(tries) == 2
    assert len(set(tries)) == 1
    assert names(call).count("stream-started") == 1
    assert ECHO in heard(world, call)[0]


async def test_a_forged_webhook_is_refused_and_changes_nothing(world: Telephone) -> None:
    world.carrier.faults.bad_signature = 1.0
    await world.register()
    await world.carrier.call_in(CUSTOMER, OURS, talker(world))
    told = await world.carrier.ledger.until(What.WEBHOOK, kind="call.initiated")
    assert told.facts["status"] == 403
    assert (await world.api.get("/api/calls")).json()["items"] == []
