"""The examples answer real calls over the simulated carrier."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from examples.receptionist import DESK

from examples import quiet_hours
from linecard import Call, CallStatus, Direction, LegEnded
from linecard.media.wav import load_wav
from linecard.plugins import OtherPlugin, Plugins
from linecard.simulator.phone import BUSY, Phone, human
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSilence, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.telephone import CUSTOMER, OURS, Telephone, names, telephone

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"
LISTENS = (WaitForSound(), Wait(0.5))


def _heard(world: Telephone, call: dict[str, object]) -> bytes:
    ids = call["carrier_ids"]
    assert isinstance(ids, dict)
    return b"".join(bytes(one.played) for one in world.carrier.playbacks(ids["call_uuid"]))


def _sound(name: str) -> bytes:
    return load_wav(SOUNDS / f"{name}.wav", 8000)


async def _inbound(world: Telephone, agent: str, phone: Phone) -> dict[str, object]:
    await world.register(agent=agent)
    await world.carrier.call_in(CUSTOMER, OURS, phone)
    return await world.ended((await world.only_call())["id"])


async def test_the_receptionist_tells_the_hours_and_cuts_its_greeting_short(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path, agents=("examples.receptionist:receptionist",)) as world:
        phone = Phone(script=(*LISTENS, Press("1"), Wait(60)))
        call = await _inbound(world, "receptionist", phone)
        heard = _heard(world, call)
        assert call["status"] == "completed"
        assert _sound("hours") in heard
        assert _sound("welcome") not in heard


async def test_the_receptionist_hands_over(tmp_path: Path) -> None:
    async with telephone(tmp_path, agents=("examples.receptionist:receptionist",)) as world:
        world.carrier.phones[DESK] = human("hello this is anna", talk_seconds=2)
        phone = Phone(script=(*LISTENS, Press("0"), Wait(60)))
        call = await _inbound(world, "receptionist", phone)
        assert "leg-answered" in names(call)
        assert _sound("nobody") not in _heard(world, call)


async def test_the_receptionist_has_the_caller_back_when_nobody_is_free(tmp_path: Path) -> None:
    async with telephone(tmp_path, agents=("examples.receptionist:receptionist",)) as world:
        world.carrier.phones[DESK] = BUSY
        phone = Phone(script=(*LISTENS, Press("0"), Wait(60)))
        call = await _inbound(world, "receptionist", phone)
        assert names(call).count("stream-started") == 2
        assert _sound("nobody") in _heard(world, call)


async def test_orders_are_taken_by_keys(tmp_path: Path) -> None:
    async with telephone(tmp_path, agents=("taker=examples.orders:orders",)) as world:
        phone = Phone(script=(*LISTENS, Press("4711#"), Wait(60)))
        call = await _inbound(world, "taker", phone)
        assert call["outcome"] == "order 4711"


async def test_the_parrot_says_it_back_sample_for_sample(tmp_path: Path) -> None:
    said = speech("polly wants a cracker")
    async with telephone(tmp_path, agents=("examples.parrot:Parrot",)) as world:
        phone = Phone(
            script=(Wait(1), Speak(said), WaitForSound(), WaitForSilence(), HangUp()),
        )
        call = await _inbound(world, "Parrot", phone)
        assert said[320:-320] in _heard(world, call)


@pytest.mark.parametrize(("hour", "vetoed"), [(3, True), (12, False)])
async def test_the_plugin_keeps_the_night_quiet(hour: int, vetoed: bool) -> None:
    plugins = Plugins()
    plugins.add(OtherPlugin("quiet-hours", quiet_hours, "examples", "0"))
    call = replace(CALL, created_at=datetime(2026, 1, 7, hour, tzinfo=UTC))
    said = await plugins.ask_each("may_dial", call=call, connection=None)
    assert bool(said) is vetoed


def test_the_plugin_counts_ends() -> None:
    plugins = Plugins()
    plugins.add(OtherPlugin("quiet-hours", quiet_hours, "examples", "0"))
    before = quiet_hours.ended["busy"]
    event = LegEnded(key="k", status=CallStatus.BUSY)
    plugins.tell("call_event", event=event, call=replace(CALL, status=CallStatus.BUSY))
    plugins.tell("call_event", event=replace(event, leg="target:1"), call=CALL)
    assert quiet_hours.ended["busy"] == before + 1


CALL = Call(
    id="1",
    provider="x",
    account="main",
    direction=Direction.OUTBOUND,
    from_=OURS,
    to=CUSTOMER,
    number=OURS,
    agent="echo",
    profile="p",
    status=CallStatus.QUEUED,
    created_at=datetime(2026, 1, 7, tzinfo=UTC),
)
