"""A campaign that was finished goes on with new leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.plugins.campaigns.marks import queue_on_sqlite
from tests.plugins.campaigns.rows import add_campaign, add_leads
from tests.plugins.campaigns.test_turns import PEOPLE, TALKS, WIDE, settled

from linecard.testing.telephone import OURS, telephone
from linecard.wall import now
from linecard_campaigns.tables import campaigns

pytestmark = queue_on_sqlite


@pytest.mark.slow
async def test_new_leads_wake_a_finished_campaign(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        for to in PEOPLE:
            world.carrier.phones[to] = TALKS
        database = world.exchange.database
        campaign = await add_campaign(database, [OURS], channels=5)
        await add_leads(database, campaign, PEOPLE[:1])
        assert await settled(world) == {"finished": 1}

        async def done() -> bool:
            async with database.read() as conn:
                return (await conn.execute(select(campaigns.c.status))).scalar() == "finished"

        await world.eventually(done, 45)
        await add_leads(database, campaign, PEOPLE[1:2])
        async with database.write() as conn:
            await conn.execute(update(campaigns).values(status="running", updated_at=now()))
        assert await settled(world, 20) == {"finished": 2}
