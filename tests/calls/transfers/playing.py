"""Cases played in a telephone world, a few at a time, each judged by what the ledger and the record say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from linecard.plugins import Plugins
from linecard.plugins.relay import Hook
from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import transfers
from linecard.testing.telephone import set_up
from linecard.transfers import TransferState
from tests.calls.lines import OURS, PREFIX
from tests.calls.telephone import SPEED, Telephone, telephone
from tests.calls.transfers.agents import PLANS, Plan
from tests.calls.transfers.cases import (
    AS_BOTH_LEAVE,
    BACK,
    BRIDGED,
    Case,
    Moments,
    Who,
    may_never_be_told,
    may_talk_on,
)
from tests.calls.transfers.cues import CALLER, Legs, Sign
from tests.calls.transfers.people import LONG, leaves
from tests.calls.transfers.ways import At

AT_ONCE = 4
"""Calls of one world side by side: the machine has few cores."""
SLOWER = SPEED / 2
"""An agent has its caller back within ten seconds of its clock, whatever the machine does meanwhile."""
OF_THE_TABLE = tuple(f"tests.calls.transfers.agents:{name}" for name in ("mover", "Callbacks"))
STAYS = Phone(script=(Wait(300),))
SECONDS = 40.0
"""Real ones, after which a call that is not over never will be."""
TOO_BUSY = 0.2
"""A process that is late so much of the time plays a case at another speed than the people of it."""
TELLS_OF_EACH_ALONE = frozenset({"exotel"})
"""Of several targets it says only that each is over, never how all went."""
ALONE = 2
AGAIN = "it is played again, alone"
PLACES = count(1000)


@asynccontextmanager
async def transferring(
    folder: Path,
    provider: str,
    *,
    brief: bool = False,
    agent: str = "mover",
    agents: tuple[str, ...] = (),
    **settings: str,
) -> AsyncIterator[Telephone]:
    """A world with our number and an agent that transfers; `brief`: its carrier consults nobody."""
    limits = {"max_calls_per_minute": "10000", "max_calls_per_number_per_day": "10000"}
    gate = {"allowed_countries": "US,IN", "transfer_allow": "+1415*,+91*,sip:*@example.com"}
    agents = (*OF_THE_TABLE, *agents)
    plugins = Plugins.discover()
    if brief:
        plugins.tap(_never_consults)
    async with telephone(
        folder, provider, agents=agents, plugins=plugins, speed=SLOWER, **limits, **gate, **settings
    ) as world:
        await world.register(number=OURS[provider], agent=agent, channels=1000)
        await set_up(world.api, world.carrier, OURS[provider])
        yield world


def _never_consults(_provider: str, _account: str, name: str, hook: Hook) -> Hook:
    """The same carrier, of which nobody knows that it can ring a target into a room."""
    if name != "facts":
        return hook
    return lambda *given, **named: replace(hook(*given, **named), consults=False)


async def play(world: Telephone, cases: Iterable[Case]) -> None:
    """Every case, a few at a time; each failure is told, and no leg is left after all."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(each: Case) -> str:
        async with turns:
            return await _judged(world, each)

    tried = list(cases)
    told = await asyncio.gather(*(one(each) for each in tried))
    faults = [
        await _alone(world, each) if words is AGAIN else words
        for each, words in zip(tried, told, strict=True)
    ]
    assert not any(faults), "\n\n".join(filter(None, faults))
    await world.eventually(lambda: world.carrier.ledger.live_legs() == ())


async def _alone(world: Telephone, case: Case) -> str:
    """Played alone, a few times as long as the machine is still too busy."""
    for _ in range(ALONE):
        words = await _judged(world, case)
        if words is not AGAIN:
            return words
    return await wrong(world, case)


async def _judged(world: Telephone, case: Case) -> str:
    """What is wrong. What went wrong while the machine was too busy counts once it does so alone."""
    async with _lateness() as late:
        words = await wrong(world, case)
    return AGAIN if words and late.share > TOO_BUSY else words


@dataclass(slots=True)
class _Lateness:
    """The share of the time in which this process was late."""

    share: float = 0.0


@asynccontextmanager
async def _lateness(tick: float = 0.02) -> AsyncIterator[_Lateness]:
    late, began, waited = _Lateness(), time.monotonic(), 0.0

    async def watch() -> None:
        nonlocal waited
        while True:
            due = time.monotonic() + tick
            await asyncio.sleep(tick)
            waited += time.monotonic() - due

    watching = asyncio.create_task(watch())
    try:
        yield late
    finally:
        watching.cancel()
        late.share = waited / (time.monotonic() - began)


@dataclass(slots=True)
class Played:
    """A case that is over, or should be."""

    case: Case
    plan: Plan
    legs: Legs
    dials: list[int]
    call: dict[str, Any] | None
    rows: list[transfers.Transfer] = field(default_factory=list)


async def wrong(world: Telephone, case: Case) -> str:
    """What is not as it must be; empty where all is well."""
    played = await _play(world, case)
    found = [words for words in _faults(played) if words]
    if not found:
        return ""
    events = played.call["events"] if played.call else []
    told = [f"  {one['name']} {one['facts']}" for one in events]
    seen = [f"  {sign}" for sign in played.legs.seen if sign.what is not What.WEBHOOK]
    return "\n".join((f"{case}: {'; '.join(found)}", *told, " ledger:", *seen))


async def _play(world: Telephone, case: Case) -> Played:
    carrier = world.carrier
    prefix = PREFIX[carrier.name]
    caller = f"{prefix}{next(PLACES)}"
    dummies = case.targets(case.at.way, Moments(_unwatched(world)))
    numbers = tuple(_address(prefix, by_sip=case.by_sip) for _ in dummies)
    legs = Legs(carrier.ledger, caller, numbers)
    moments = Moments(legs)
    for number, phone in zip(numbers, case.targets(case.at.way, moments), strict=True):
        carrier.phones[number] = phone
    plan = PLANS[caller] = _plan(case, numbers, moments)
    await carrier.call_in(caller, OURS[carrier.name], _caller(case, moments))
    call = await _ended(world, caller)
    with suppress(TimeoutError):
        await world.eventually(lambda: not legs.live())
    legs.close()
    dials = [carrier.ledger.dials(number) for number in numbers]
    return Played(case, plan, legs, dials, call, await _rows(world, call))


def _address(prefix: str, *, by_sip: bool) -> str:
    place = next(PLACES)
    return f"sip:desk-{place}@example.com" if by_sip else f"{prefix}{place}"


def _unwatched(world: Telephone) -> Legs:
    """Nobody's legs: only to count the people of a case."""
    legs = Legs(world.carrier.ledger, "", ())
    legs.close()
    return legs


def _caller(case: Case, moments: Moments) -> Phone:
    if case.who is not Who.CALLER or case.step is None:
        return STAYS
    return leaves(case.step.moment(moments))


def _plan(case: Case, numbers: tuple[str, ...], moments: Moments) -> Plan:
    plan = Plan(to=numbers, wish=case.at.way.wish(**case.wish))
    plan.asking, plan.back = moments.asking, moments.back
    plan.stays = case.who is Who.CALLER
    plan.fails = case.who is Who.FAILURE
    if case.step is not None and case.step.waits:
        plan.asks_after = moments.legs.cue(Sign(CALLER, What.HUNG_UP))
    if case.step is not None and case.who in (Who.AGENT, Who.FAILURE):
        plan.leaves_at = case.step.moment(moments)
    return plan


async def _ended(world: Telephone, caller: str) -> dict[str, Any] | None:
    """The call of this caller, once it is over and its agent is done; None where it never is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS):
            while True:
                answer = await world.api.get("/api/calls", params={"limit": 100})
                mine = [one for one in answer.json()["items"] if one["from"] == caller]
                if mine and mine[0]["ended_at"] and mine[0]["id"] not in world.exchange.lives:
                    return await world.call(mine[0]["id"])
                await asyncio.sleep(0.1)
    return None


async def _rows(world: Telephone, call: dict[str, Any] | None) -> list[transfers.Transfer]:
    if call is None:
        return []
    async with world.exchange.database.read() as conn:
        return await transfers.of_call(conn, call["id"])


def _faults(played: Played) -> Iterator[str]:
    case, plan, legs = played.case, played.plan, played.legs
    if played.call is None:
        yield "the call never ended"
        return
    if plan.result not in case.results and not _met_all_the_same(played):
        yield f"{plan.result} of {sorted(case.results)}"
    if plan.is_lost:
        yield "the caller was lost on the way back"
    if max(played.dials) > 1:
        yield f"dialled {played.dials}"
    if legs.live():
        yield f"legs are left of {legs.live()}"
    if not may_talk_on(case) and any(legs.talked(who) > LONG - 2 for who in range(len(plan.to))):
        yield "a target was forgotten, and hung up by itself"
    yield from _untruths(played)
    yield from _passed(played)


def _met_all_the_same(played: Played) -> bool:
    """An agent's wish takes its way through the books to the carrier: a whisper may be over meanwhile."""
    return (
        played.plan.result == BRIDGED
        and played.case.who is Who.AGENT
        and played.legs.has(What.BRIDGED)
    )


def _untruths(played: Played) -> Iterator[str]:
    """The record says what happened: who talked, and that it is over."""
    case = played.case
    was, may = played.legs.has(What.BRIDGED), _may_be_bridged(played)
    for row in played.rows:
        if row.state is not TransferState.ENDED:
            yield f"the record leaves the transfer {row.state}"
        untold = row.result is None and may_never_be_told(case.at) and case.step is AS_BOTH_LEAVE
        if (was and row.result != BRIDGED and not untold) or (row.result == BRIDGED and not may):
            yield f"the record says {row.result}, and bridged is {was}"
        if not _agree(played, row.result):
            yield f"the agent was told {played.plan.result}, the record says {row.result}"
    if played.plan.result == BRIDGED and not may:
        yield "the agent was told of a bridge that there was not"


def _may_be_bridged(played: Played) -> bool:
    """A carrier that asks the target nothing says of one that has answered that it was connected, however
    soon the caller left."""
    way = played.case.at.way
    connects_at_answer = not (way.whispers or way.consults)
    return played.legs.has(What.BRIDGED) or (connects_at_answer and played.legs.has(What.ANSWERED))


def _agree(played: Played, result: str | None) -> bool:
    """What the agent was told stands on record; of several a carrier may say nothing, which is `failed`."""
    told = played.plan.result
    if told not in BACK or result == told:
        return True
    return result is None and told == "failed" and played.case.at.carrier in TELLS_OF_EACH_ALONE


def _passed(played: Played) -> Iterator[str]:
    """Whether the step was really reached when somebody left, and not passed."""
    step, legs = played.case.step, played.legs
    if step is None:
        return
    if played.plan.leaves_at is not None and not played.plan.has_left:
        yield "the agent never came to leave"
    gone = Sign(0 if played.case.who is Who.TARGET else CALLER, What.HUNG_UP)
    for sign in step.after:
        if sign != gone and not legs.order(sign, gone):
            yield f"they did not leave after {sign}"
    if played.case.who is Who.CALLER:
        for sign in step.not_yet:
            if legs.order(sign, gone):
                yield f"they left after {sign}"


async def run(folder: Path, at: At, cases: Iterable[Case]) -> None:
    """A world of one way's, and its cases."""
    async with transferring(folder, at.carrier, brief=at.way.brief) as world:
        await play(world, cases)
