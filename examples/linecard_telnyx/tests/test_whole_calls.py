"""Whole calls over Telnyx's protocol: real sockets, the simulated carrier, our server."""

from __future__ import annotations

import audioop

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, REJECTS, Phone, human
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names

TALK = speech("hello there, can you hear me")
TALKER = Phone(script=(Wait(2.0), Speak(TALK), Wait(1.0)), hangs_up=True)
ECHO = audioop.lin2ulaw(audioop.alaw2lin(audioop.lin2alaw(TALK, 2), 2), 2)
"""What comes back: in by PCMA, out by PCMU."""


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
    await world.carrier.call_in(CUSTOMER, OURS, TALKER)
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
