"""`/api/campaigns`: begun, steered, counted, repeated; and what is refused with the field named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update
from tests.calls.problems import refused
from tests.plugins.campaigns.marks import queue_on_sqlite

from linecard.testing.telephone import OURS, Telephone, telephone
from linecard_campaigns.leads import LeadStatus
from linecard_campaigns.tables import leads

pytestmark = [pytest.mark.asyncio(loop_scope="module"), queue_on_sqlite]

PEOPLE = [f"+1415555{n:04}" for n in range(2000, 2010)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    """A server whose campaigns are all paused: nothing is dialled here."""
    async with telephone(tmp_path_factory.mktemp("world"), "plivo") as running:
        await running.register()
        yield running


async def begun(world: Telephone, **plan: object) -> dict[str, Any]:
    body = {"name": "Reminders", "numbers": [OURS], "paused": True, **plan}
    answer = await world.api.post("/api/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def pushed(world: Telephone, campaign: str, people: list[str]) -> list[dict[str, Any]]:
    body = [{"to": to, "campaign": campaign} for to in people]
    answer = await world.api.post("/api/leads", json=body)
    assert answer.status_code == 201, answer.text
    return list(answer.json()["items"])


async def test_a_campaign_is_shown_with_its_plan_and_counts_of_every_status(
    world: Telephone,
) -> None:
    made = await begun(
        world,
        agent="echo",
        max_attempts=4,
        channels=2,
        calls_per_second=1.5,
        window={"mon": "09:00-17:00"},
        timezone="Europe/Berlin",
        retry={"busy": 5},
        budget="12.50",
    )
    shown = (await world.api.get(f"/api/campaigns/{made['id']}")).json()
    assert shown == made
    assert shown["status"] == "paused"
    assert shown["counts"] == dict.fromkeys(LeadStatus, 0)
    assert shown["total"] == 0
    assert (shown["agent"], shown["numbers"], shown["max_attempts"]) == ("echo", [OURS], 4)
    assert (shown["channels"], shown["calls_per_second"], shown["budget"]) == (2, 1.5, "12.50")
    assert shown["window"] == [{"days": ["mon"], "from": "09:00", "to": "17:00"}]
    assert shown["retry"]["busy"]["minutes"] == 5


async def test_counts_add_up_whatever_the_leads_stand_at(world: Telephone) -> None:
    made = await begun(world)
    taken = await pushed(world, made["id"], PEOPLE)
    async with world.exchange.database.write() as conn:
        for status, lead in zip(LeadStatus, taken, strict=False):
            changed = update(leads).where(leads.c.id == lead["id"])
            await conn.execute(changed.values(status=status))
    shown = (await world.api.get(f"/api/campaigns/{made['id']}")).json()
    assert shown["counts"] == dict.fromkeys(LeadStatus, 1) | {LeadStatus.QUEUED: 4}
    assert shown["total"] == len(PEOPLE) == sum(shown["counts"].values())
    others = (await world.api.get("/api/campaigns")).json()["items"]
    assert others[0] == shown


async def test_a_campaign_is_paused_resumed_and_stopped(world: Telephone) -> None:
    made = await begun(world)
    (lead,) = await pushed(world, made["id"], PEOPLE[:1])
    path = f"/api/campaigns/{made['id']}"
    async with world.exchange.database.write() as conn:
        late = update(leads).where(leads.c.id == lead["id"])
        await conn.execute(late.values(status="dialing"))
    for what, status in (("resume", "running"), ("pause", "paused"), ("pause", "paused")):
        answer = await world.api.post(f"{path}/{what}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    await pushed(world, made["id"], PEOPLE[1:3])
    stopped = (await world.api.post(f"{path}/stop")).json()
    assert stopped["status"] == "stopped"
    assert stopped["counts"] | {"canceled": 2, "dialing": 1} == stopped["counts"]
    found = await world.api.get("/api/leads", params={"campaign": made["id"], "status": "canceled"})
    assert {one["reason"] for one in found.json()["items"]} == {"its campaign was stopped"}
    assert (await world.api.post(f"{path}/stop")).status_code == 200
    refused(await world.api.post(f"{path}/resume"), 409)
    more = await world.api.post("/api/leads", json={"to": PEOPLE[5], "campaign": made["id"]})
    assert "stopped" in refused(more, 409)["detail"]


async def test_a_campaign_that_was_finished_runs_again_for_new_leads(world: Telephone) -> None:
    from linecard_campaigns.tables import campaigns

    made = await begun(world)
    async with world.exchange.database.write() as conn:
        over = update(campaigns).where(campaigns.c.id == made["id"])
        await conn.execute(over.values(status="finished"))
    far = {"to": PEOPLE[0], "campaign": made["id"], "not_before": _soon()}
    assert (await world.api.post("/api/leads", json=far)).status_code == 201
    assert (await world.api.get(f"/api/campaigns/{made['id']}")).json()["status"] == "running"
    await world.api.post(f"/api/campaigns/{made['id']}/stop")


def _soon() -> str:
    from datetime import timedelta

    from linecard.wall import now

    return (now() + timedelta(hours=1)).isoformat()


async def test_a_key_begins_one_campaign(world: Telephone) -> None:
    body = {"name": "Once", "numbers": [OURS], "paused": True}
    headers = {"Idempotency-Key": "campaign-1"}
    first = await world.api.post("/api/campaigns", json=body, headers=headers)
    again = await world.api.post("/api/campaigns", json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await world.api.post("/api/campaigns", json=body | {"name": "x"}, headers=headers)
    refused(other, 409)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"numbers": []}, "numbers"),
        ({"numbers": ["+14155550111"]}, "numbers.0"),
        ({"numbers": [OURS, "12"]}, "numbers.1"),
        ({"name": ""}, "name"),
        ({"agent": "nobody"}, "agent"),
        ({"channels": 0}, "channels"),
        ({"calls_per_second": -1}, "calls_per_second"),
        ({"max_attempts": "3"}, "max_attempts"),
        ({"window": {"mon": "9-5"}}, "window.mon"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"retry": {"busy": {"minutes": -1}}}, "retry.busy.minutes"),
        ({"budget": "much"}, "budget"),
        ({"paused": 1}, "paused"),
        ({"speed": 1}, "speed"),
        ({"ring_seconds": 4}, "ring_seconds"),
    ],
)
async def test_a_wrong_field_is_named(
    world: Telephone, changes: dict[str, object], field: str
) -> None:
    body = {"name": "Wrong", "numbers": [OURS]} | changes
    refused(await world.api.post("/api/campaigns", json=body), 422, field)


async def test_what_is_not_there_is_not_found(world: Telephone) -> None:
    for path in ("", "/report", "/report.svg", "/leads.csv"):
        refused(await world.api.get(f"/api/campaigns/none{path}"), 404)
    for what in ("pause", "resume", "stop"):
        refused(await world.api.post(f"/api/campaigns/none/{what}"), 404)
    refused(await world.api.get("/api/leads?campaign=none"), 404)
    refused(await world.api.get("/api/leads/none"), 404)
    refused(await world.api.post("/api/campaigns/none/leads.csv", content="to\n"), 404)
    refused(await world.api.post("/api/campaigns", json=[]), 422, "body")


async def test_the_report_of_a_campaign_without_calls_is_empty(world: Telephone) -> None:
    made = await begun(world, name="<b>&amp;")
    await pushed(world, made["id"], PEOPLE[:2])
    report = (await world.api.get(f"/api/campaigns/{made['id']}/report")).json()
    assert report["funnel"]["leads"] == 2
    assert (report["attempts"], report["carriers"]) == (0, [])
    drawn = await world.api.get(f"/api/campaigns/{made['id']}/report.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "&lt;b&gt;" in drawn.text


async def test_the_plan_is_changed_field_by_field(world: Telephone) -> None:
    made = await begun(world, channels=2, budget="5", window="09:00-17:00", retry={"busy": 5})
    path = f"/api/campaigns/{made['id']}"
    asked = {"name": "Later", "channels": None, "budget": "7.50", "timezone": "Europe/Berlin"}
    answer = await world.api.patch(path, json=asked)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed == (await world.api.get(path)).json()
    assert changed["updated_at"] > made["updated_at"]
    told = {"updated_at": changed["updated_at"]}
    assert changed == {**made, **asked, **told}
    same = (await world.api.patch(path, json={"name": "Later"})).json()
    assert same == changed, "nothing has changed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"chanels": 2}, "chanels"),
        ({"channels": 0}, "channels"),
        ({"retry": {"busy": {"minutes": -1}}}, "retry.busy.minutes"),
        ({"window": "25:00-26:00"}, "window"),
        ({"numbers": [OURS, "+14155550999"]}, "numbers.1"),
        ({"agent": "nobody"}, "agent"),
        ({"name": None}, "name"),
        ({"paused": False}, "paused"),
        ({}, "body"),
        ([], "body"),
    ],
)
async def test_a_wrong_change_is_named_and_changes_nothing(
    world: Telephone, body: Any, field: str
) -> None:
    made = await begun(world)
    path = f"/api/campaigns/{made['id']}"
    refused(await world.api.patch(path, json=body), 422, field)
    assert (await world.api.get(path)).json() == made


@pytest.mark.parametrize("status", ["stopped", "finished"])
async def test_what_is_over_is_not_changed(world: Telephone, status: str) -> None:
    from linecard_campaigns.tables import campaigns

    made = await begun(world)
    async with world.exchange.database.write() as conn:
        over = update(campaigns).where(campaigns.c.id == made["id"])
        await conn.execute(over.values(status=status))
    path = f"/api/campaigns/{made['id']}"
    assert status in refused(await world.api.patch(path, json={"name": "x"}), 409)["detail"]
    refused(await world.api.patch("/api/campaigns/nobody", json={"name": "x"}), 404)
