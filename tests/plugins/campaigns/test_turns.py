"""Leads from the queue to their ends, against the simulated carrier."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.campaigns.marks import queue_on_sqlite
from tests.plugins.campaigns.rows import (
    add_campaign,
    add_leads,
    all_attempts,
    all_leads,
    statuses,
)

from linecard.simulator.ledger import What
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import OURS, Telephone, telephone
from linecard.wall import now

pytestmark = queue_on_sqlite

TALKS = Phone(ring_seconds=0.2, script=(Wait(1),), hangs_up=True)
PEOPLE = [f"+1415555{n:04}" for n in range(3000, 3008)]
WIDE: dict[str, Any] = {"max_calls_per_minute": "10000", "max_calls_per_number_per_day": "1000"}


async def settled(world: Telephone, within: float = 60) -> Counter[str]:
    """Once every lead has ended."""
    database = world.exchange.database

    async def over() -> bool:
        return not set(await statuses(database)) & {"queued", "retry", "dialing", "unknown"}

    await world.eventually(over, within)
    return await statuses(database)


async def test_every_lead_is_called_once_and_finishes(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        for to in PEOPLE:
            world.carrier.phones[to] = TALKS
        database = world.exchange.database
        campaign = await add_campaign(database, [OURS], channels=5)
        await add_leads(database, campaign, PEOPLE)
        assert await settled(world) == {"finished": len(PEOPLE)}
        assert all(world.carrier.ledger.dials(to) == 1 for to in PEOPLE)
        attempts = await all_attempts(database)
        assert {one["result"] for one in attempts} == {"completed"}
        assert all(one["answered"] and one["ended_at"] for one in attempts)
        times = sorted(one["created_at"] for one in attempts)
        assert all(
            later - earlier >= timedelta(seconds=1)
            for earlier, later in zip(times, times[2:], strict=False)
        ), "never more than two in a second"


@pytest.mark.slow
async def test_outcomes_decide_whether_somebody_is_called_again(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        busy, absent, there = PEOPLE[:3]
        world.carrier.phones[busy] = BUSY
        world.carrier.phones[absent] = NO_ANSWER
        world.carrier.phones[there] = TALKS
        database = world.exchange.database
        campaign = await add_campaign(
            database,
            [OURS],
            max_attempts=2,
            ring_seconds=5,
            retry={"busy": {"minutes": 0.02}, "no-answer": False},
        )
        await add_leads(database, campaign, [busy, absent, there])
        assert await settled(world) == {"finished": 1, "failed": 2}
        assert [world.carrier.ledger.dials(one) for one in (busy, absent, there)] == [2, 1, 1]
        outcomes = {one["to"]: one["outcome"] for one in await all_leads(database)}
        assert outcomes == {busy: "busy", absent: "no-answer", there: "completed"}


@pytest.mark.slow
async def test_a_lead_waits_for_its_time(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        world.carrier.phones[PEOPLE[0]] = TALKS
        database = world.exchange.database
        due_at = now() + timedelta(seconds=4)
        campaign = await add_campaign(database, [OURS])
        await add_leads(database, campaign, PEOPLE[:1], due_at)
        await settled(world)
        (attempt,) = await all_attempts(database)
        assert attempt["created_at"] >= due_at


@pytest.mark.slow
async def test_a_number_that_may_not_be_called_ends_its_lead_with_the_reason(
    tmp_path: Path,
) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        database = world.exchange.database
        campaign = await add_campaign(database, [OURS])
        await add_leads(database, campaign, ["+442079460000"])
        assert await settled(world) == {"canceled": 1}
        (lead,) = await all_leads(database)
        assert "calls to GB are not allowed" in lead["reason"]
        assert world.carrier.ledger.all(What.REQUEST) == ()
