"""A menu by keys, with no voice AI: what each key brings, on every carrier. Its words: `test_told.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Speak, Step, Wait, WaitForSound
from linecard.simulator.speech import speech
from tests.calls.heard import record, said
from tests.calls.lines import CARRIERS, Line, line, routed
from tests.calls.telephone import names

HUMAN = "A human: press 0."
TALK = speech("hello there")
TEXTS = ("Welcome.", "That is no choice.", "For music, press 2.", "For an echo, press 1.", HUMAN)
LISTENS = (WaitForSound(), Wait(1))


def menu(**more: Any) -> dict[str, Any]:
    entries = [
        {"key": "2", "agent": "greeter", "prompt": said("For music, press 2."), "priority": 2},
        {"key": "1", "agent": "echo", "prompt": said("For an echo, press 1."), "priority": 1},
    ]
    words = {"greeting": said("Welcome."), "invalid": said("That is no choice.")}
    return {"menu": {**words, "entries": entries, "seconds": 8, "tries": 2, **more}}


@pytest.fixture(params=CARRIERS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    record(tmp_path, *TEXTS)
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


async def test_no_key_may_bring_an_agent(at: Line) -> None:
    await at.route(menu(otherwise={"do": "agent"}, tries=1))
    call = await at.call_in(caller(Wait(25), Speak(TALK), Wait(3)))
    assert routed(call)[-1]["reason"] == "no key, asked 1 times"
    assert call["agent"] == "echo"


async def test_a_key_may_ring_somebody_else(at: Line) -> None:
    at.world.carrier.phones[at.human] = Phone(script=(Wait(3.0),), hangs_up=True)
    entries = [{"key": "0", "do": "redirect", "to": at.human, "prompt": said(HUMAN)}]
    await at.route(menu(entries=entries))
    call = await at.call_in(caller(*LISTENS, Press("0"), Wait(60)))
    assert at.world.carrier.ledger.dials(at.human) == 1
    assert [one["do"] for one in routed(call)] == ["menu", "redirect"]
    assert call["agent"] == ""
