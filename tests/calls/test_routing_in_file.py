"""Calls that go as linecard.toml says: menu, rules, rate limit, blocked callers, on every carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Press, Step, Wait, WaitForSilence, WaitForSound
from linecard.testing.telephone import set_up
from tests.calls.heard import all_heard, record, said, told
from tests.calls.lines import CARRIERS, NUMBERS, PREFIX, Line, line, routed

WELCOME, WRONG, MOMENT, OFTEN, AWAY = "Welcome.", "No choice.", "One moment.", "Too often.", "Away."
ALL = (WELCOME, WRONG, MOMENT, OFTEN, AWAY)
FILE = """
blocklist = ["{blocked}"]

[numbers."{ours}"]
provider = "{provider}"
agent = "echo"
channels = 5

[numbers."{ours}".routing]
blocked = {{ do = "redirect", to = "{human}", ring_seconds = 5, message = {moment} }}
rate_limit = {{ calls = 2, seconds = 3600, do = "refuse", message = {often} }}
rules = [
  {{ caller = "withheld", do = "agent", agent = "greeter" }},
  {{ caller = "{known}", do = "hang-up", message = {away} }},
]

[numbers."{ours}".routing.menu]
greeting = {welcome}
invalid = {wrong}
tries = 2
seconds = 5
entries = [{{ key = "1", agent = "echo" }}, {{ key = "2", agent = "greeter" }}]
"""
KNOWN, BLOCKED = "0140", "0159"
"""The last digits of two other callers."""
LISTENS = (WaitForSound(), WaitForSilence())
STAYS = Phone(script=(Wait(120),))


def toml(text: str) -> str:
    return "{ " + ", ".join(f'{name} = "{value}"' for name, value in said(text).items()) + " }"


def write_file(folder: Path, provider: str) -> Path:
    ours, _, human, _ = NUMBERS[provider]
    words = {"moment": MOMENT, "often": OFTEN, "away": AWAY, "welcome": WELCOME, "wrong": WRONG}
    parts = {name: toml(text) for name, text in words.items()}
    others = {"known": PREFIX[provider] + KNOWN, "blocked": PREFIX[provider] + BLOCKED[:-1] + "*"}
    path = folder / "linecard.toml"
    path.write_text(FILE.format(**parts, **others, ours=ours, human=human, provider=provider))
    return path


@pytest.fixture(params=CARRIERS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    record(tmp_path, *ALL)
    file = write_file(tmp_path, request.param)
    async with line(tmp_path, request.param, file=file, sounds=str(tmp_path)) as running:
        await set_up(running.world.api, running.world.carrier, running.ours)
        yield running


def caller(*steps: Step) -> Phone:
    return Phone(script=steps, hangs_up=True)


async def test_a_menu_of_the_file_asks_and_its_key_brings_the_agent(at: Line) -> None:
    call = await at.call_in(caller(*LISTENS, Press("7"), *LISTENS, Press("2"), Wait(1.0)))
    assert told(at, ALL) == [WELCOME, WRONG, WELCOME]
    assert [one["do"] for one in routed(call)] == ["menu", "agent"]
    assert call["agent"] == "greeter"


async def test_a_rule_of_the_file_is_for_its_caller(at: Line) -> None:
    known = PREFIX[at.world.carrier.name] + KNOWN
    call = await at.call_in(STAYS, known)
    assert routed(call)[0]["reason"] == f"the rule for {known}"
    assert all_heard(at, ALL, known) == [AWAY]


async def test_a_rule_of_the_file_is_for_the_withheld(at: Line) -> None:
    call = await at.call_in(caller(Wait(3.0)), "anonymous")
    assert (call["from"], call["agent"]) == (None, "greeter")


async def test_the_rate_limit_of_the_file_counts(at: Line) -> None:
    calls = await at.call_several(3, at.customer, caller(*LISTENS, Wait(1.0)))
    assert [routed(call)[0]["do"] for call in calls] == ["menu", "menu", "refuse"]
    assert all_heard(at, ALL) == [OFTEN]


async def test_who_is_blocked_in_the_file_is_sent_on_as_it_says(at: Line) -> None:
    at.world.carrier.phones[at.human] = Phone(script=(Wait(3.0),), hangs_up=True)
    blocked = PREFIX[at.world.carrier.name] + BLOCKED
    call = await at.call_in(STAYS, blocked)
    (decision,) = routed(call)
    assert decision["do"] == "redirect"
    assert decision["reason"] == f"the blocklist has {blocked[:-1]}*"
    assert told(at, ALL, blocked) == [MOMENT]
    assert len(at.world.carrier.ledger.all(What.BRIDGED)) == 1
