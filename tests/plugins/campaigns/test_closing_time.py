"""The hours end while a campaign dials: what the carrier's ledger says of it, and of a clock that is set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.campaigns.marks import queue_on_sqlite
from tests.plugins.campaigns.rows import add_campaign, add_leads, all_attempts, all_leads
from tests.plugins.campaigns.test_turns import TALKS, WIDE

from linecard.testing.telephone import OURS, telephone
from linecard.wall import now
from linecard_campaigns import checks
from linecard_campaigns.windows import DIAL_TAKES

pytestmark = queue_on_sqlite

CLOSES = datetime(2026, 12, 2, 4, tzinfo=UTC)  # 20:00 in Los Angeles
PEOPLE = [f"+1213555{n:04}" for n in range(100, 140)]
LATER = [f"+1213555{n:04}" for n in range(140, 143)]


class Shown:
    """Clocks that show another time than it is; the first may be set."""

    def __init__(self, begins: datetime) -> None:
        self.ahead = begins - now()
        self.wrong = timedelta(0)

    def read(self) -> tuple[datetime, datetime]:
        at = now() + self.ahead
        return at + self.wrong, at


def tomorrow(lead: Mapping[str, Any]) -> bool:
    return lead["due_at"] is not None and lead["due_at"] > now() + timedelta(hours=1)


@pytest.mark.slow
async def test_nobody_is_dialled_after_closing_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register(channels=20)
        for to in PEOPLE:
            world.carrier.phones[to] = TALKS
        database = world.exchange.database
        clocks = Shown(CLOSES - DIAL_TAKES - timedelta(seconds=12))
        monkeypatch.setattr(checks, "CLOCKS", clocks)
        campaign = await add_campaign(database, [OURS], window="09:00-20:00")
        await add_leads(database, campaign, PEOPLE)

        async def all_judged() -> bool:
            found = await all_leads(database)
            return all(one["status"] == "finished" or tomorrow(one) for one in found)

        await world.eventually(all_judged, 45)
        dialled = await all_attempts(database)
        latest = max(one["created_at"] for one in dialled) + clocks.ahead
        assert latest <= CLOSES - DIAL_TAKES
        waiting = [one for one in await all_leads(database) if one["status"] == "queued"]
        assert len(dialled) + len(waiting) == len(PEOPLE)
        assert waiting
        assert {one["due_at"] for one in waiting} == {CLOSES + timedelta(hours=13)}
        assert all("closed at tue 19:59 in America" in one["reason"] for one in waiting)

        clocks.wrong = timedelta(hours=14)
        await add_leads(database, campaign, LATER)
        await world.eventually(all_judged, 45)
        assert sum(map(world.carrier.ledger.dials, LATER)) == 0
        assert sum(map(world.carrier.ledger.dials, PEOPLE)) == len(dialled)
