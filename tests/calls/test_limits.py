"""Hard stops of outgoing calls: 429 with the limit's name, however many ask at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from linecard.simulator.ledger import What
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from tests.calls.problems import refused
from tests.calls.rows import row_counts
from tests.calls.telephone import CUSTOMER, HUMAN, OURS, Telephone, names, telephone

STAYS = Phone(ring_seconds=0.3, script=(Wait(300),))
HANGS_UP = Phone(ring_seconds=0.1, script=(Wait(0.1),), hangs_up=True)


async def place(world: Telephone, to: str = CUSTOMER, from_: str = OURS) -> str:
    """The call's id, or the limit that stopped it."""
    answer = await world.api.post("/api/calls", json={"from": from_, "to": to})
    if answer.status_code == 429:
        problem = refused(answer, 429)
        assert problem["limit"] in problem["detail"]
        return str(problem["limit"])
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_twenty_at_once_never_take_more_than_the_channels(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register(channels=3)
        customers = [f"+1415555{n:04}" for n in range(2000, 2020)]
        for customer in customers:
            world.carrier.phones[customer] = STAYS
        results = await asyncio.gather(*(place(world, to) for to in customers))
        placed = [one for one in results if one != "channels"]
        assert len(placed) == 3
        assert len(world.carrier.ledger.all(What.QUEUED)) == 3
        assert (await row_counts(world))["calls"] == 3
        assert (await world.api.post(f"/api/calls/{placed[0]}/hangup")).status_code == 202
        await world.ended(placed[0])
        assert await place(world, customers[0]) != "channels"
        assert await place(world, customers[1]) == "channels"


async def test_a_call_that_comes_in_takes_a_channel(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register(channels=1)
        await world.carrier.call_in("+14155550190", OURS, STAYS)
        await world.only_call()
        assert await place(world) == "channels"


async def test_the_limit_of_live_calls_counts_every_number(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_live_calls="2") as world:
        world.carrier.phones[CUSTOMER] = STAYS
        await world.register(channels=5)
        await world.register(number="+14155550101", channels=5)
        results = [await place(world), await place(world, from_="+14155550101"), await place(world)]
        assert results[2] == "LINECARD_MAX_LIVE_CALLS"
        assert results.count("LINECARD_MAX_LIVE_CALLS") == 1


async def test_the_limit_of_a_minute_counts_dials_that_are_over(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_calls_per_minute="4") as world:
        world.carrier.phones[CUSTOMER] = HANGS_UP
        await world.register(channels=10)
        results = Counter(await asyncio.gather(*(place(world) for _ in range(10))))
        assert results["LINECARD_MAX_CALLS_PER_MINUTE"] == 6
        assert len(world.carrier.ledger.all(What.QUEUED)) == 4


async def test_a_transfer_counts_as_a_call_of_the_minute(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_calls_per_minute="1") as world:
        world.carrier.phones[CUSTOMER] = STAYS
        await world.register()
        call = await place(world)
        await world.until(call, lambda one: "stream-started" in names(one))
        answer = await world.api.post(f"/api/calls/{call}/transfer", json={"to": [HUMAN]})
        assert refused(answer, 429)["limit"] == "LINECARD_MAX_CALLS_PER_MINUTE"
        assert world.carrier.ledger.all(What.TRANSFER) == ()
        assert await place(world) == "LINECARD_MAX_CALLS_PER_MINUTE"


async def test_the_limit_of_a_day_is_one_number_s_own(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_calls_per_number_per_day="2") as world:
        world.carrier.phones[CUSTOMER] = HANGS_UP
        await world.register(channels=10)
        results = [await place(world) for _ in range(3)]
        assert results[2] == "LINECARD_MAX_CALLS_PER_NUMBER_PER_DAY"
        assert await place(world, "+14155550124") != "LINECARD_MAX_CALLS_PER_NUMBER_PER_DAY"
        answer = await world.api.post("/api/calls", json={"from": OURS, "to": CUSTOMER})
        assert CUSTOMER not in answer.text


async def test_nothing_may_be_dialled_with_a_limit_of_none(tmp_path: Path) -> None:
    async with telephone(tmp_path, max_calls_per_minute="0") as world:
        await world.register()
        assert await place(world) == "LINECARD_MAX_CALLS_PER_MINUTE"
        assert world.carrier.ledger.all(What.REQUEST) == ()
