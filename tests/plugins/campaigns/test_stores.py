"""Campaigns and leads in both databases: side by side, nothing twice, and sums that hold."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import update

from linecard import Conflict
from linecard.store import Database
from linecard.wall import now
from linecard_campaigns import campaigns as store
from linecard_campaigns import leads as lead_store
from linecard_campaigns.campaigns import Campaign, CampaignStatus, Change
from linecard_campaigns.intake import add_new
from linecard_campaigns.leads import Filter, Lead, LeadStatus
from linecard_campaigns.plans import Plan
from linecard_campaigns.tables import leads, metadata

PLAN = Plan(name="Reminders", numbers=("+14155550100",))


def people(count: int, campaign: str | None) -> list[Lead]:
    at = now()
    return [
        Lead(
            id=f"{campaign}-{n}-{at.timestamp()}",
            campaign_id=campaign,
            to=f"+1415555{2000 + n}",
            reference=f"r{n}",
            payload={"n": n},
            created_at=at + timedelta(microseconds=n),
            updated_at=at,
        )
        for n in range(count)
    ]


async def begun(database: Database) -> Campaign:
    async with database.write() as conn:
        return await store.add(conn, PLAN)


async def taken(database: Database, campaign: str | None, new: list[Lead]) -> int:
    async with database.write() as conn:
        return len(new) - len(await add_new(conn, campaign, PLAN, new))


async def test_the_migrations_make_the_tables(database: Database) -> None:
    async with database.read() as conn:
        changes = await conn.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"include_name": _ours}), metadata
            )
        )
    assert changes == []


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (name or "").startswith("campaigns_")


async def test_what_is_kept_comes_back(database: Database) -> None:
    campaign = await begun(database)
    new = people(900, campaign.id)
    assert await taken(database, campaign.id, new) == 900
    async with database.read() as conn:
        assert await store.get(conn, campaign.id) == campaign
        kept = [one async for some in lead_store.each(conn, Filter(campaign.id)) for one in some]
        assert kept == new
        assert await lead_store.by_ids(conn, [one.id for one in reversed(new)]) == new[::-1]
        assert await lead_store.tries(conn, [new[0].id]) == {new[0].id: 0}


@pytest.mark.parametrize("loose", [False, True])
async def test_leads_that_come_side_by_side_are_kept_once(database: Database, loose: bool) -> None:
    campaign = None if loose else (await begun(database)).id
    rounds = [people(40, campaign) for _ in range(6)]
    added = await asyncio.gather(*(taken(database, campaign, some) for some in rounds))
    assert sum(added) == 40
    assert sorted(added) == [0, 0, 0, 0, 0, 40]


async def test_a_stop_beside_new_leads_leaves_none_waiting(database: Database) -> None:
    campaign = await begun(database)

    async def stop() -> None:
        async with database.write() as conn:
            await store.change(conn, campaign.id, Change.STOP)

    some = people(60, campaign.id)
    parts = [taken(database, campaign.id, some[n : n + 10]) for n in range(0, 60, 10)]
    done = await asyncio.gather(*parts[:3], stop(), *parts[3:], return_exceptions=True)
    assert {type(one) for one in done} <= {int, type(None), Conflict}
    async with database.read() as conn:
        counts = (await store.counts(conn, [campaign.id]))[campaign.id]
    assert sum(counts.values()) == counts[LeadStatus.CANCELED]


async def test_a_lead_under_way_outlives_the_stop(database: Database) -> None:
    campaign = await begun(database)
    new = people(7, campaign.id)
    await taken(database, campaign.id, new)
    async with database.write() as conn:
        for status, lead in zip(LeadStatus, new, strict=True):
            await conn.execute(update(leads).where(leads.c.id == lead.id).values(status=status))
        stopped = await store.change(conn, campaign.id, Change.STOP)
        counts = (await store.counts(conn, [campaign.id]))[campaign.id]
    assert stopped.status is CampaignStatus.STOPPED
    assert counts == dict.fromkeys(LeadStatus, 1) | {
        LeadStatus.QUEUED: 0,
        LeadStatus.RETRY: 0,
        LeadStatus.CANCELED: 3,
    }


async def test_counts_are_of_each_campaign_alone(database: Database) -> None:
    first, second = await begun(database), await begun(database)
    await taken(database, first.id, people(3, first.id))
    await taken(database, None, people(5, None))
    async with database.read() as conn:
        counts = await store.counts(conn, [first.id, second.id, "default"])
    assert [sum(one.values()) for one in counts.values()] == [3, 0, 5]
