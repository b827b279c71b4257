"""A message for answering machines: heard whole, after the beep and not before, on every carrier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.sound import write_wav
from tests.calls.answered import (
    FAX,
    HELLO,
    HUMAN,
    IMPATIENT,
    MACHINE,
    MESSAGE,
    NO_BEEP,
    SHORT_MACHINE,
    Dialled,
    after_beep,
    dialled,
    facts,
    on_line,
    sounding,
)
from tests.calls.problems import refused
from tests.calls.telephone import names


async def left(one: Dialled, phone: Phone, **wish: object) -> tuple[dict[str, Any], str]:
    """A call over which the message was left, sample for sample and after the beep; how its end was known."""
    call = await one.over(await one.dial(phone, **wish))
    assert call["outcome"] == "voicemail-left"
    (how,) = facts(call, "voicemail-left")
    # Until a carrier that waits for the beep has told of it, the agent talks as with anybody.
    handset, wanted = one.handset(), sounding(on_line(one.world.carrier.name, MESSAGE))
    if phone in (NO_BEEP, SHORT_MACHINE):
        assert sounding(bytes(handset.heard)).endswith(wanted)
    else:
        after = bytes(handset.heard[after_beep(handset) :])
        assert sounding(after) == wanted, "after the beep, all of the message and nothing else"
    (asked,) = facts(call, "hang-up-asked")
    assert asked["reason"] == "voicemail-left", "the machine did not have to hang up itself"
    return call, how["after"]


@pytest.mark.parametrize(
    ("provider", "machine", "phone", "how"),
    [
        ("plivo", "detect", MACHINE, "beep"),
        ("plivo", "detect", NO_BEEP, "silence"),
        ("twilio", "detect", MACHINE, "beep"),
        ("twilio", "wait-for-beep", SHORT_MACHINE, "told"),
    ],
)
async def test_a_machine_is_left_the_message_after_its_beep(
    tmp_path: Path, provider: str, machine: str, phone: Phone, how: str
) -> None:
    async with dialled(tmp_path, provider, "caller") as one:
        call, after = await left(one, phone, machine=machine)
        assert (call["answered_by"], after) == ("machine", how)


async def test_an_agent_may_know_by_itself_that_a_machine_has_answered(tmp_path: Path) -> None:
    async with dialled(tmp_path, "exotel", "knowing") as one:
        call, after = await left(one, MACHINE)
        assert (call["answered_by"], after) == (None, "beep")


@pytest.mark.parametrize(("phone", "who"), [(HUMAN, "human"), (FAX, "fax")])
async def test_whoever_is_no_machine_is_talked_with(tmp_path: Path, phone: Phone, who: str) -> None:
    async with dialled(tmp_path, "twilio", "caller") as one:
        call = await one.over(await one.dial(phone, machine="detect"))
        assert call["outcome"] == f"talked with {who}"
        twice = sounding(on_line("twilio", HELLO)) * 2
        assert sounding(bytes(one.handset().heard)) == twice, "and not one sample of the message"


async def test_without_detection_nobody_is_waited_for(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "caller") as one:
        call = await one.over(await one.dial(MACHINE))
        assert call["outcome"] == "talked with somebody"


async def test_a_machine_that_hangs_up_has_not_heard_the_message(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "caller") as one:
        placed = await one.dial(IMPATIENT, machine="detect")
        call = await one.world.until(placed["id"], lambda call: call["outcome"] is not None)
        assert call["outcome"] == "voicemail-cut-short"


async def test_a_message_given_with_the_dial_is_left_in_the_agents_place(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    (sounds / "message.wav").write_bytes(write_wav((MESSAGE,)))
    async with dialled(tmp_path, "plivo", "talker", sounds=str(sounds)) as one:
        message = {"machine": "detect", "voicemail": {"sound": "message.wav"}}
        await left(one, MACHINE, **message)
        placed = await one.dial(HUMAN, **message)
        await one.world.until(placed["id"], lambda call: "machine-detected" in names(call))
        await one.world.eventually(lambda: len(one.handset().heard) > len(HELLO) + 48_000)
        assert (await one.world.call(placed["id"]))["status"] == "in-progress"
        await one.world.api.post(f"/api/calls/{placed['id']}/hangup")
        call = await one.over(placed)
        assert call["outcome"] is None
        assert sounding(bytes(one.handset().heard)) == sounding(HELLO)


async def test_a_message_that_cannot_be_left_is_refused(tmp_path: Path) -> None:
    async with dialled(tmp_path, "plivo", "talker", sounds=str(tmp_path)) as one:
        (tmp_path / "message.wav").write_bytes(write_wav((MESSAGE,)))
        body = {"from": one.line.ours, "to": one.line.customer}
        for wish, field in (
            ({"voicemail": {"sound": "message.wav"}}, "voicemail"),
            ({"voicemail": {"sound": "gone.wav"}, "machine": "detect"}, "voicemail.sound"),
            ({"voicemail": {"play": "https://a.example/x.wav"}, "machine": "detect"}, "voicemail"),
            ({"voicemail": {}, "machine": "detect"}, "voicemail"),
        ):
            refused(await one.world.api.post("/api/calls", json=body | wish), 422, field)
