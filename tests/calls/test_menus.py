"""A menu by keys, with no voice AI: chosen, wrong, nothing, on every carrier."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Speak, Step, Wait, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.lines import CARRIERS, Line, line, routed
from tests.calls.telephone import names

TALK = speech("hello there")
WORD = speech("one")
LISTENS = (WaitForSound(), Wait(1))


def said(text: str) -> dict[str, str]:
    """A text for carriers that speak, and the same as a file for our own stream."""
    return {"say": text, "sound": "said.wav"}


def menu(**more: Any) -> dict[str, Any]:
    entries = [
        {"key": "2", "agent": "greeter", "prompt": said("For music, press 2."), "priority": 2},
        {"key": "1", "agent": "echo", "prompt": said("For an echo, press 1."), "priority": 1},
    ]
    words = {"greeting": said("Welcome."), "invalid": said("That is no choice.")}
    return {"menu": {**words, "entries": entries, "seconds": 8, "tries": 2, **more}}


def write_sound(folder: Path) -> None:
    """The file of every text, for our own stream."""
    with wave.open(str(folder / "said.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(WORD)


@pytest.fixture(params=CARRIERS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    write_sound(tmp_path)
    async with line(tmp_path, request.param, sounds=str(tmp_path)) as running:
        yield running


def caller(*steps: Step) -> Phone:
    return Phone(script=steps, hangs_up=True)


async def test_a_key_brings_its_agent(at: Line) -> None:
    await at.route(menu())
    call = await at.call_in(caller(*LISTENS, Press("2"), Wait(4), Speak(TALK), Wait(4)))
    first, second = routed(call)
    assert (first["do"], first["reason"]) == ("menu", "no rule applies: the number's menu")
    assert second == {"do": "agent", "agent": "greeter", "reason": "the key 2 of the menu"}
    assert call["agent"] == "greeter"
    assert names(call).count("agent-started") == 1
    assert call["status"] == "completed"


async def test_a_wrong_key_is_told_and_asked_again(at: Line) -> None:
    await at.route(menu())
    call = await at.call_in(caller(*LISTENS, Press("9"), Wait(4), Press("1"), Wait(7)))
    assert [one["do"] for one in routed(call)] == ["menu", "agent"]
    assert call["agent"] == "echo"


async def test_no_key_comes_to_what_is_done_otherwise(at: Line) -> None:
    await at.route(menu(otherwise={"do": "hang-up", "message": said("Goodbye.")}))
    call = await at.call_in(caller(Wait(120)))
    last = routed(call)[-1]
    assert last == {"do": "hang-up", "reason": "no key, asked 2 times"}
    assert call["agent"] == ""
    assert call["ended_at"]


async def test_no_key_may_bring_an_agent(at: Line) -> None:
    await at.route(menu(otherwise={"do": "agent"}, tries=1))
    call = await at.call_in(caller(Wait(25), Speak(TALK), Wait(3)))
    assert routed(call)[-1]["reason"] == "no key, asked 1 times"
    assert call["agent"] == "echo"


async def test_a_key_may_ring_somebody_else(at: Line) -> None:
    at.world.carrier.phones[at.human] = Phone(script=(Wait(3.0),), hangs_up=True)
    entries = [{"key": "0", "do": "redirect", "to": at.human, "prompt": said("A human: press 0.")}]
    await at.route(menu(entries=entries))
    call = await at.call_in(caller(*LISTENS, Press("0"), Wait(60)))
    assert at.world.carrier.ledger.dials(at.human) == 1
    assert [one["do"] for one in routed(call)] == ["menu", "redirect"]
    assert call["agent"] == ""


async def test_who_is_refused_hears_why(at: Line) -> None:
    rules = [{"caller": at.customer, "do": "refuse", "message": said("We are closed.")}]
    await at.route({"rules": rules})
    call = await at.call_in(caller(Wait(60)))
    assert routed(call)[0]["do"] == "refuse"
    assert call["agent"] == ""
    assert call["ended_at"]
    if at.world.carrier.name == "exotel":
        (sid,) = call["carrier_ids"].values()
        heard = b"".join(bytes(one.played) for one in at.world.carrier.playbacks(sid))
        assert WORD in heard
