"""Leads of a server with few places: never more calls than these, and everybody is called in the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.calls.problems import refused
from tests.plugins.campaigns.marks import queue_on_sqlite
from tests.plugins.campaigns.rows import all_attempts

from linecard.exchange.lifecycle import build_exchange
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import OURS, set_up, telephone

pytestmark = queue_on_sqlite

PEOPLE = [f"+1415555{n:04}" for n in range(3300, 3305)]
TALKS = Phone(ring_seconds=0.2, script=(Wait(6),), hangs_up=True)


def most_at_once(calls: list[dict[str, Any]]) -> int:
    """How many calls were live at one moment."""
    changes = [(one["created_at"], 1) for one in calls] + [(one["ended_at"], -1) for one in calls]
    live, most = 0, 0
    for _, change in sorted(changes):
        live += change
        most = max(most, live)
    return most


async def test_five_leads_share_two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "linecard.testing.telephone.build_exchange",
        lambda *given: replace(build_exchange(*given), places=2),
    )
    async with telephone(tmp_path, "plivo", max_calls_per_minute="10000") as world:
        await world.register()
        for to in PEOPLE:
            world.carrier.phones[to] = TALKS
        campaign = (
            await world.api.post("/api/campaigns", json={"name": "Few", "numbers": [OURS]})
        ).json()["id"]
        body = [{"to": to, "campaign": campaign} for to in PEOPLE]
        assert (await world.api.post("/api/leads", json=body)).status_code == 201

        async def finished() -> bool:
            shown = (await world.api.get(f"/api/campaigns/{campaign}")).json()
            return bool(shown["counts"]["finished"] == len(PEOPLE))

        await world.eventually(finished, 60)
        calls = (await world.api.get("/api/calls")).json()["items"]
        assert most_at_once(calls) == 2
        assert [world.carrier.ledger.dials(to) for to in PEOPLE] == [1] * len(PEOPLE)
        tried = await all_attempts(world.exchange.database)
        assert [one["n"] for one in tried] == [1] * len(PEOPLE)


async def test_calls_that_come_in_take_places_and_are_never_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "linecard.testing.telephone.build_exchange",
        lambda *given: replace(build_exchange(*given), places=1),
    )
    async with telephone(tmp_path, "plivo") as world:
        await world.register()
        await set_up(world.api, world.carrier, OURS)
        for caller in PEOPLE[:2]:
            await world.carrier.call_in(caller, OURS, Phone(script=(Wait(600),)))

        async def are_talking() -> bool:
            calls = (await world.api.get("/api/calls")).json()["items"]
            return [one["status"] for one in calls] == ["in-progress"] * 2

        await world.eventually(are_talking, 20)
        dial = {"from": OURS, "to": PEOPLE[3]}
        answer = await world.api.post("/api/calls", json=dial)
        assert "--pods 1" in refused(answer, 429)["detail"]
        assert answer.headers["retry-after"] == "1"
