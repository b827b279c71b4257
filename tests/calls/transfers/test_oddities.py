"""Transfers in which something else happens: a stream that dies, an agent of callbacks, a SIP target, a machine that
is found out, and an agent that asks for more than one thing at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import linecard
from linecard import CallOver, Conflict
from linecard.listening import free_port
from linecard.simulator.ledger import Entry, What
from linecard.simulator.phone import BUSY, Phone
from linecard.store import transfers
from tests.calls.lines import OURS, PREFIX
from tests.calls.proxy import Proxy
from tests.calls.telephone import Telephone, names
from tests.calls.transfers.agents import PLANS, Plan
from tests.calls.transfers.cases import (
    BRIDGED,
    Case,
    Who,
    outcomes,
    partings,
)
from tests.calls.transfers.cues import Cue, Legs, Sign
from tests.calls.transfers.people import rings, talks
from tests.calls.transfers.playing import PLACES, STAYS, play, transferring
from tests.calls.transfers.ways import CARRIERS, WAYS, At

CONSULTING = pytest.mark.parametrize("carrier", ["plivo", "twilio"])
"""Who has a room: elsewhere nobody can be consulted."""
WARM = WAYS["warm"]


def some(at: At, *names: str) -> list[Case]:
    """Cases of these names, outcomes and partings of the caller."""
    table = [*outcomes(at), *(one for one in partings(at) if one.who is Who.CALLER)]
    return [one for one in table if one.name in names]


async def consulted(
    world: Telephone,
    phone: Callable[[Cue], Phone],
    customer: Phone = STAYS,
    **wish: Any,
) -> tuple[Plan, dict[str, Any]]:
    """A call that we placed, whose agent consults; the plan with its result, and the call once it is over."""
    carrier = world.carrier
    ours, prefix = OURS[carrier.name], PREFIX[carrier.name]
    number, human = (f"{prefix}{next(PLACES)}" for _ in range(2))
    legs = Legs(carrier.ledger, number, (human,))
    carrier.phones[number] = customer
    carrier.phones[human] = phone(legs.cue(Sign(0, What.BRIDGED)))
    plan = PLANS[ours] = Plan(to=(human,), wish=WARM.wish(timeout=20))
    placed = await world.dial(number, **{"from": ours}, **wish)
    call = await world.ended(placed["id"])
    await world.eventually(lambda: placed["id"] not in world.exchange.lives)
    await world.eventually(lambda: carrier.ledger.live_legs() == ())
    legs.close()
    return plan, call


@CONSULTING
async def test_a_stream_that_dies_while_the_target_rings_is_renewed_and_the_caller_still_gets_there(
    tmp_path: Path, carrier: str
) -> None:
    proxy = Proxy(free_port())
    busy = replace(BUSY, ring_seconds=6.0)
    async with proxy.running(), transferring(tmp_path, carrier, public_url=proxy.url) as world:
        proxy.serve(world)
        world.carrier.ledger.watch(lambda entry: _cut(proxy, entry))
        plan, call = await consulted(world, lambda bridged: talks(WARM, bridged, 6.0))
        assert plan.result == BRIDGED
        assert names(call).count("stream-started") == 2, "one was cut, and another came"
        plan, call = await consulted(world, lambda _: busy)
        assert (plan.result, plan.is_lost) == ("busy", False)
        assert names(call).count("stream-started") == 2
        for way in proxy.ways:
            way.reset()


def _cut(proxy: Proxy, entry: Entry) -> None:
    """The stream dies as somebody is rung while there is one."""
    if entry.what is What.DIALLED:
        for way in proxy.media:
            way.reset()


@pytest.mark.slow
@CONSULTING
async def test_an_agent_of_callbacks_consults_like_any_other(tmp_path: Path, carrier: str) -> None:
    wanted = ("bridged", "back with the agent", "ringing", "joining")
    async with transferring(tmp_path, carrier, agent="Callbacks") as world:
        await play(world, some(At(carrier, WARM), *wanted))


@pytest.mark.slow
@CONSULTING
@pytest.mark.parametrize("way", ["warm", "warm, key", "cold", "cold, whisper and key"])
async def test_a_target_may_be_a_sip_address(tmp_path: Path, carrier: str, way: str) -> None:
    wanted = ("bridged", "busy", "no key", "second of two in order", "ringing", "joining")
    cases = [replace(one, by_sip=True) for one in some(At(carrier, WAYS[way]), *wanted)]
    async with transferring(tmp_path, carrier) as world:
        await play(world, cases)


async def test_a_sip_target_is_refused_where_nobody_dials_one(tmp_path: Path) -> None:
    at = At("exotel")
    one = Case(
        at, "a SIP target", lambda way, _: (rings(way),), frozenset({"unsupported"}), by_sip=True
    )
    async with transferring(tmp_path, at.carrier) as world:
        await play(world, [one])


@pytest.mark.slow
@CONSULTING
async def test_a_machine_found_out_in_mid_consultation_changes_nothing_of_it(
    tmp_path: Path, carrier: str
) -> None:
    """Of the leg that we dialled: no carrier is asked what it thinks of a target, who has a key to press."""
    machine = replace(STAYS, is_machine=True)
    async with transferring(tmp_path, carrier) as world:
        plan, call = await consulted(
            world, lambda bridged: talks(WARM, bridged, 6.0), machine, machine="detect"
        )
        told = names(call)
        assert told.index("transfer-asked") < told.index("machine-detected")
        assert plan.result == BRIDGED


RESULTS: dict[str, list[str]] = {}
"""What came of each thing that `torn` asked for, by the caller's number."""
WHAT: dict[str, tuple[str, ...]] = {}
TO: dict[str, tuple[str, ...]] = {}


@linecard.agent
async def torn(call: linecard.LiveCall) -> None:
    """Asks for some things at once, in their order; then it waits for the end, and asks for a transfer after it."""
    caller = call.from_ or ""
    asked = iter(TO[caller])
    doing: dict[str, Callable[[], Awaitable[object]]] = {
        "hang-up": lambda: call.hang_up(now=True),
        "transfer": lambda: call.transfer(next(asked), timeout=5),
        "consultation": lambda: call.transfer(next(asked), mode="warm", timeout=5),
    }
    came = await asyncio.gather(*(doing[one]() for one in WHAT[caller]), return_exceptions=True)
    await call.ended()
    late = await asyncio.gather(call.transfer(TO[caller][-1]), return_exceptions=True)
    RESULTS[caller] = [_word(one) for one in (*came, *late)]


def _word(came: object) -> str:
    return type(came).__name__ if isinstance(came, BaseException) else str(came)


AT_ONCE = (
    ("transfer", "hang-up"),
    ("hang-up", "transfer"),
    ("transfer", "transfer"),
    ("consultation", "hang-up"),
    ("hang-up", "consultation"),
    ("consultation", "transfer"),
    ("consultation", "consultation", "hang-up"),
)
"""What is asked for at once."""


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_one_of_what_is_asked_for_at_once_wins_and_the_others_are_told(
    tmp_path: Path, carrier: str
) -> None:
    agents = ("tests.calls.transfers.test_oddities:torn",)
    async with transferring(tmp_path, carrier, agent="torn", agents=agents) as world:
        stories = [one for one in AT_ONCE if carrier != "exotel" or "consultation" not in one]
        told = [await _torn(world, what) for what in stories]
        assert [words for words in told if words] == []
        await world.eventually(lambda: world.carrier.ledger.live_legs() == ())


async def _torn(world: Telephone, what: tuple[str, ...]) -> str:
    prefix = PREFIX[world.carrier.name]
    caller, first, second, late = (f"{prefix}{next(PLACES)}" for _ in range(4))
    legs = Legs(world.carrier.ledger, caller, (first, second, late))
    WHAT[caller], TO[caller] = what, (first, second, late)
    for who, number in enumerate((first, second)):
        bridged = legs.cue(Sign(who, What.BRIDGED))
        world.carrier.phones[number] = talks(WAYS["cold"], bridged, 1.0)
    await world.carrier.call_in(caller, OURS[world.carrier.name], STAYS)
    await world.eventually(lambda: caller in RESULTS, within=40)
    await world.eventually(lambda: not legs.live())
    rows = await _rows(world, caller)
    asked = [one for one in RESULTS[caller][:-1] if one != "None"]
    wrong = {
        "transfers that won": sum(one == BRIDGED for one in asked) > 1,
        "dialled more than one": sum(legs_of(legs, who) for who in range(2)) > 1,
        "dialled after the end": legs_of(legs, 2) > 0,
        "the last was let": RESULTS[caller][-1] != CallOver.__name__,
        "two, and no conflict": what.count("hang-up") == 0 and Conflict.__name__ not in asked,
        "untrue": any((row.result == BRIDGED) is not legs.has(What.BRIDGED) for row in rows[:1]),
        "rows": len(rows) > 1,
    }
    found = [name for name, is_so in wrong.items() if is_so]
    return f"{what}: {found} {RESULTS[caller]} {[str(one) for one in legs.seen]}" if found else ""


def legs_of(legs: Legs, who: int) -> int:
    return sum(sign.who == who and sign.what is What.DIALLED for sign in legs.seen)


async def _rows(world: Telephone, caller: str) -> list[transfers.Transfer]:
    items: list[dict[str, Any]] = (await world.api.get("/api/calls")).json()["items"]
    (mine,) = [one for one in items if one["from"] == caller]
    async with world.exchange.database.read() as conn:
        return await transfers.of_call(conn, mine["id"])
