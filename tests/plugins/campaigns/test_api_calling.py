"""From a request to a telephone that rings: pushed, paused, resumed, and again after the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.plugins.campaigns.marks import queue_on_sqlite
from tests.plugins.campaigns.rows import all_attempts

from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.testing.telephone import OURS, Telephone, telephone

pytestmark = queue_on_sqlite

TALKS = Phone(ring_seconds=0.2, script=(Wait(1),), hangs_up=True)
PEOPLE = [f"+1415555{n:04}" for n in range(3100, 3104)]
WIDE: dict[str, Any] = {"max_calls_per_minute": "10000"}


async def shown(world: Telephone, campaign: str) -> dict[str, Any]:
    return dict((await world.api.get(f"/api/campaigns/{campaign}")).json())


async def push(world: Telephone, *people: str, **fields: object) -> None:
    body = [{"to": to, **fields} for to in people]
    answer = await world.api.post("/api/leads", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_campaign_by_the_api_alone(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        for to in PEOPLE:
            world.carrier.phones[to] = TALKS
        body = {"name": "Reminders", "numbers": [OURS], "paused": True}
        campaign = (await world.api.post("/api/campaigns", json=body)).json()["id"]
        await push(world, *PEOPLE[:2], campaign=campaign)

        async def finished(count: int) -> bool:
            return bool((await shown(world, campaign))["counts"]["finished"] == count)

        assert sum(map(world.carrier.ledger.dials, PEOPLE)) == 0
        await world.api.post(f"/api/campaigns/{campaign}/resume")
        await world.eventually(lambda: finished(2), 40)
        sweep = next(
            one.plugin.running for one in world.exchange.plugins.others if one.name == "campaigns"
        ).sweep
        await sweep()
        assert (await shown(world, campaign))["status"] == "finished"
        await push(world, PEOPLE[2], campaign=campaign)
        await world.eventually(lambda: finished(3), 40)
        await push(world, PEOPLE[3])

        async def is_called() -> bool:
            return bool((await shown(world, "default"))["counts"]["finished"] == 1)

        await world.eventually(is_called, 40)
        assert [world.carrier.ledger.dials(to) for to in PEOPLE] == [1, 1, 1, 1]
        assert len(await all_attempts(world.exchange.database)) == 4
        report = (await world.api.get(f"/api/campaigns/{campaign}/report")).json()
        assert report["funnel"] == dict.fromkeys(report["funnel"], 3)
        assert report["carriers"][0]["attempts"] == 3


async def test_more_channels_are_used_at_once(tmp_path: Path) -> None:
    async with telephone(tmp_path, "plivo", **WIDE) as world:
        await world.register()
        for to in PEOPLE:
            world.carrier.phones[to] = Phone(ring_seconds=0.2, script=(Wait(600),))
        body = {"name": "Wider", "numbers": [OURS], "channels": 1}
        campaign = (await world.api.post("/api/campaigns", json=body)).json()["id"]
        await push(world, *PEOPLE, campaign=campaign)

        async def are_called(count: int) -> bool:
            return bool((await shown(world, campaign))["counts"]["dialing"] == count)

        await world.eventually(lambda: are_called(1), 40)
        answer = await world.api.patch(f"/api/campaigns/{campaign}", json={"channels": 3})
        assert answer.json()["channels"] == 3
        await world.eventually(lambda: are_called(3), 40)
        assert sum(map(world.carrier.ledger.dials, PEOPLE)) == 3
