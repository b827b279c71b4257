"""Transfers at carriers that fail, and callers and agents who hang up at any moment of one.

Whatever happens, no leg is left at the carrier, the agent knows how it went, and nobody is dialled more
often than was asked. Every way, outcome and step has its place in the table of `tests/calls/transfers`; here
it is time alone that decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import BUSY, NO_ANSWER, SILENT, Outcome, Phone, human
from linecard.simulator.script import HangUp, Press, Speak, Wait, WaitForSound
from linecard.simulator.speech import speech
from linecard.testing.telephone import set_up
from tests.calls.lines import OURS, PREFIX
from tests.calls.telephone import Telephone, telephone
from tests.calls.transferring import PLANS, Plan

AT_ONCE = 4
"""Calls of one world side by side: the machine has few cores."""
ANNA = human("hello this is anna", ring_seconds=1.0, talk_seconds=40.0)
"""She talks long enough for a busy machine to bring the caller to her."""
FAILS = Phone(outcome=Outcome.FAIL, ring_seconds=0.5)
STAYS = Phone(script=(Wait(300),))
ACCEPTS = Phone(script=(WaitForSound(), Wait(0.5), Press("1"), Wait(40.0)), hangs_up=True)
REFUSES = Phone(script=(WaitForSound(), Wait(0.5), Press("2"), Wait(60.0)), hangs_up=True)
MACHINE = Phone(
    script=(Speak(speech("leave a message")), Wait(60.0)), is_machine=True, hangs_up=True
)
LEAVES = Phone(script=(Wait(0.5), HangUp()))

BACK = frozenset({"busy", "no-answer", "declined", "voicemail", "failed", "unsupported"})
"""Results after which the agent has the caller again, on a stream."""

COLD: dict[str, Any] = {"mode": "cold", "timeout": 6}
WARM: dict[str, Any] = {"mode": "warm", "timeout": 6}
KEY: dict[str, Any] = {"accept_key": "1"}
WHISPER: dict[str, Any] = {"whisper": "An order of shoes."}
IN_ORDER: dict[str, Any] = {"order": "sequence"}
BRIDGED, PARTED = "bridged", "over|bridged|refused|none"
"""Who hangs up early enough meets no agent, or a carrier that has nobody to transfer any more."""


@dataclass(frozen=True, slots=True)
class Case:
    """A transfer, its targets, and the result that the agent gets; any of several where moments decide."""

    wish: dict[str, Any]
    targets: tuple[Phone, ...]
    results: frozenset[str]
    caller: Phone = STAYS
    agent_hangs_up_after: float | None = None


def case(wish: dict[str, Any], *targets: Phone, result: str, **more: Any) -> Case:
    return Case(wish, targets, frozenset(result.split("|")), **more)


def outcomes(wish: dict[str, Any]) -> Iterator[Case]:
    yield case(wish, ANNA, result=BRIDGED)
    yield case(wish, BUSY, result="busy")
    yield case(wish, NO_ANSWER, result="no-answer")
    yield case(wish, FAILS, result="failed")
    yield case(wish | IN_ORDER, BUSY, ANNA, result=BRIDGED)
    # Exotel says of several only that each is over, never how all went.
    yield case(wish | IN_ORDER, BUSY, NO_ANSWER, result="no-answer|failed")
    yield case(wish, NO_ANSWER, ANNA, result=BRIDGED)


def partings(wish: dict[str, Any], moments: tuple[float, ...]) -> Iterator[Case]:
    """The caller, or the agent, hangs up at each of these moments."""
    rings = replace(ANNA, ring_seconds=2.0)
    for moment in moments:
        gone = Phone(script=(Wait(moment), HangUp()))
        yield case(wish, rings, result=PARTED, caller=gone)
        yield case(wish, rings, result=PARTED, agent_hangs_up_after=moment)


MOMENTS = (0.3, 1.0, 2.0, 2.5, 3.0, 4.0)


@asynccontextmanager
async def transferring(folder: Path, provider: str) -> AsyncIterator[Telephone]:
    """A world with our number and the agent that transfers."""
    limits = {"max_calls_per_minute": "10000", "max_calls_per_number_per_day": "10000"}
    gate = {"allowed_countries": "US,IN", "transfer_allow": "+1415*,+91*"}
    agents = ("tests.calls.transferring:mover",)
    async with telephone(folder, provider, agents=agents, **limits, **gate) as world:
        await world.register(number=OURS[provider], agent="mover", channels=1000)
        await set_up(world.api, world.carrier, OURS[provider])
        yield world


async def play(world: Telephone, cases: list[Case]) -> None:
    """Every case, a few at a time; each failure is told, and no leg is left after all."""
    places, turns = count(1000), asyncio.Semaphore(AT_ONCE)

    async def one(each: Case) -> str | None:
        async with turns:
            return await wrong(world, each, places)

    told = await asyncio.gather(*(one(each) for each in cases))
    faults = [words for words in told if words]
    assert not faults, "\n\n".join(faults)
    await world.eventually(lambda: world.carrier.ledger.live_legs() == ())


async def wrong(world: Telephone, each: Case, places: Iterator[int]) -> str | None:
    """What is not as it must be; None where all is well."""
    prefix = PREFIX[world.carrier.name]
    caller = f"{prefix}{next(places)}"
    numbers = tuple(f"{prefix}{next(places)}" for _ in each.targets)
    for number, phone in zip(numbers, each.targets, strict=True):
        world.carrier.phones[number] = phone
    plan = PLANS[caller] = Plan(
        to=numbers, wish=each.wish, hangs_up_after=each.agent_hangs_up_after
    )
    await world.carrier.call_in(caller, OURS[world.carrier.name], each.caller)
    call = await ended(world, caller)
    dials = [world.carrier.ledger.dials(number) for number in numbers]
    told = [f"{one['name']} {one['facts']}" for one in call["events"]]
    is_lost = plan.result in BACK and not plan.is_back
    if (plan.result or "none") not in each.results or max(dials) > 1 or is_lost:
        what = (each.wish, [one.outcome for one in each.targets], each.agent_hangs_up_after)
        wanted = f"{plan.result} of {sorted(each.results)}, dialled {dials}, lost: {is_lost}"
        return f"{what}: {wanted}\n" + "\n".join(told)
    return None


async def ended(world: Telephone, caller: str) -> dict[str, Any]:
    """The call of this caller, once it is over and its agent is done."""
    async with asyncio.timeout(60):
        while True:
            items = (await world.api.get("/api/calls", params={"limit": 100})).json()["items"]
            mine = [one for one in items if one["from"] == caller]
            if mine and mine[0]["ended_at"] and mine[0]["id"] not in world.exchange.lives:
                return await world.call(mine[0]["id"])
            await asyncio.sleep(0.1)


AT_MOMENTS = [
    (provider, wish)
    for provider in PREFIX
    for wish in (COLD, WARM, WARM | KEY)
    if provider != "exotel" or wish is COLD
]


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "wish"), AT_MOMENTS)
async def test_every_parting_at_every_moment(
    tmp_path: Path, provider: str, wish: dict[str, Any]
) -> None:
    async with transferring(tmp_path, provider) as world:
        await play(world, list(partings(wish, MOMENTS)))


DIALS = {"plivo": r"POST .*/Call/", "twilio": r"POST .*/Participants\.json"}
"""The request that rings a consulted target."""
CONSULTING = pytest.mark.parametrize("provider", ["plivo", "twilio"])


@CONSULTING
async def test_a_target_that_nobody_knows_was_dialled_is_let_go(
    tmp_path: Path, provider: str
) -> None:
    async with transferring(tmp_path, provider) as world:
        world.carrier.faults.rest, world.carrier.faults.drop_answer = DIALS[provider], 1.0
        await play(world, [case(WARM, STAYS, result="refused")])
        assert world.carrier.faults.happened["drop_answer"] == 1


@CONSULTING
async def test_a_caller_whose_target_leaves_before_they_meet_is_back_with_the_agent(
    tmp_path: Path, provider: str
) -> None:
    async with transferring(tmp_path, provider) as world:
        gone = [replace(SILENT, hang_up_after=moment) for moment in (0.5, 2.0, 4.0)]
        results = "declined|failed|bridged"
        await play(world, [case(WARM, phone, result=results) for phone in gone])


@pytest.mark.slow
@CONSULTING
async def test_reports_that_come_twice_and_out_of_order_end_in_the_same(
    tmp_path: Path, provider: str
) -> None:
    async with transferring(tmp_path, provider) as world:
        world.carrier.faults.callback_twice = 1.0
        world.carrier.faults.callback_shuffle = 0.3
        await play(world, [*outcomes(COLD), *outcomes(WARM)])


@CONSULTING
async def test_reports_that_never_come_are_waited_for_no_longer_than_they_may_take(
    tmp_path: Path, provider: str
) -> None:
    async with transferring(tmp_path, provider) as world:
        world.carrier.faults.callback_drop = 1.0
        await play(world, [case(WARM, one, result="no-answer") for one in (STAYS, BUSY)])
