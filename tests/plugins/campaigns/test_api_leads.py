"""`/api/leads`: what passes the door, what does not and why, and nobody twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from tests.calls.problems import refused
from tests.plugins.campaigns.marks import queue_on_sqlite

from linecard.testing.telephone import OURS, Telephone, telephone
from linecard.wall import now
from linecard_campaigns.answering import MOST_FAULTS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), queue_on_sqlite]

WHO = "+14155552300"
BLOCKED = "+14155552399"
LATER = (now() + timedelta(hours=5)).isoformat()


def people(count: int, first: int = 0) -> list[str]:
    return [f"+1415555{2000 + first + n:04}" for n in range(count)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    folder = tmp_path_factory.mktemp("world")
    async with telephone(folder, "plivo", allowed_countries="US,GB") as running:
        await running.register()
        blocked = await running.api.post("/api/blocklist", json={"caller": BLOCKED})
        assert blocked.status_code == 201
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def campaign(world: Telephone) -> str:
    return await begun(world)


async def begun(world: Telephone, **plan: object) -> str:
    body = {"name": "Reminders", "numbers": [OURS], "paused": True, **plan}
    answer = await world.api.post("/api/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def total(world: Telephone, campaign: str) -> int:
    return int((await world.api.get(f"/api/campaigns/{campaign}")).json()["total"])


async def test_a_lead_is_shown_as_it_was_pushed(world: Telephone, campaign: str) -> None:
    body = {
        "to": WHO,
        "campaign": campaign,
        "reference": "crm-1",
        "payload": {"name": "Ana", "open": [1, 2]},
        "not_before": LATER,
        "timezone": "America/Chicago",
        "agent": "echo",
    }
    answer = await world.api.post("/api/leads", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in body if name != "not_before"} == {
        name: value for name, value in body.items() if name != "not_before"
    }
    assert (made["status"], made["attempts"], made["call"]) == ("queued", 0, None)
    assert made["due_at"] == made["not_before"]
    shown = (await world.api.get(f"/api/leads/{made['id']}")).json()
    assert shown == made | {"calls": []}
    for name, value in {"reference": "crm-1", "to": WHO, "status": "queued"}.items():
        query = {"campaign": campaign, name: value}
        found = await world.api.get("/api/leads", params=query)
        assert found.json() == {"items": [made], "next": None}


async def test_a_list_keeps_its_order_over_pages(world: Telephone, campaign: str) -> None:
    body = [{"to": to, "campaign": campaign} for to in reversed(people(30))]
    answer = await world.api.post("/api/leads", json=body)
    assert [one["to"] for one in answer.json()["items"]] == [one["to"] for one in body]
    found: list[str] = []
    cursor = None
    while True:
        query = {"campaign": campaign, "limit": "7"} | ({"cursor": cursor} if cursor else {})
        page = (await world.api.get("/api/leads", params=query)).json()
        found += [one["to"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert found == [one["to"] for one in body]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": "12"}, "to"),
        ({"to": "+33142685300"}, "to"),
        ({"to": "+19005550123"}, "to"),
        ({"to": "+911"}, "to"),
        ({"to": OURS}, "to"),
        ({"to": BLOCKED}, "to"),
        ({"to": None}, "to"),
        ({"reference": ""}, "reference"),
        ({"reference": "a\0b"}, "reference"),
        ({"payload": []}, "payload"),
        ({"payload": {"x": "y" * 17_000}}, "payload"),
        ({"not_before": "tomorrow"}, "not_before"),
        ({"not_before": "2026-12-24T10:00:00"}, "not_before"),
        ({"not_before": "2099-01-01T00:00:00Z"}, "not_before"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"agent": "nobody"}, "agent"),
        ({"campaign": "none"}, "campaign"),
        ({"phone": WHO}, "phone"),
    ],
)
async def test_a_lead_that_cannot_be_dialled_is_refused_with_the_field(
    world: Telephone, campaign: str, changes: dict[str, object], field: str
) -> None:
    body = {"to": WHO, "campaign": campaign} | changes
    refused(await world.api.post("/api/leads", json=body), 422, field)
    assert await total(world, campaign) == 0


async def test_every_fault_of_a_list_is_named_and_nothing_is_taken_in(
    world: Telephone, campaign: str
) -> None:
    body: list[Any] = [{"to": to, "campaign": campaign} for to in people(6)]
    body[1]["to"] = BLOCKED
    body[3]["timezone"] = "Nowhere"
    body[5]["to"] = body[0]["to"]
    answer = await world.api.post("/api/leads", json=body)
    refused(answer, 422, "1.to", "3.timezone", "5.to")
    body[2] = 7
    refused(await world.api.post("/api/leads", json=body), 422, "2")
    refused(await world.api.post("/api/leads", json=[]), 422, "body")
    many = [{"to": "12"}] * (MOST_FAULTS + 1)
    told = (await world.api.post("/api/leads", json=many)).json()
    assert len(told["errors"]) == MOST_FAULTS
    assert await total(world, campaign) == 0


async def test_hours_that_never_come_are_refused_at_the_door(world: Telephone) -> None:
    narrow = await begun(world, window="09:00-09:15")
    tollfree, known = "+18005550123", "+442079460000"
    told = await world.api.post("/api/leads", json={"to": tollfree, "campaign": narrow})
    assert "never open in all" in refused(told, 422, "timezone")["detail"]
    given = {"to": tollfree, "campaign": narrow, "timezone": "America/Denver"}
    assert (await world.api.post("/api/leads", json=given)).status_code == 201
    told = await world.api.post("/api/leads", json={"to": known, "campaign": narrow})
    assert told.status_code == 201
    fixed = await begun(world, window="09:00-09:15", timezone="Europe/London")
    told = await world.api.post("/api/leads", json={"to": tollfree, "campaign": fixed})
    assert told.status_code == 201


async def test_nobody_is_in_a_campaign_twice(world: Telephone, campaign: str) -> None:
    first = {"to": WHO, "campaign": campaign, "reference": "a"}
    made = (await world.api.post("/api/leads", json=first)).json()
    same = await world.api.post("/api/leads", json={"to": WHO, "campaign": campaign})
    assert made["id"] in refused(same, 409)["detail"]
    named = {"to": people(1)[0], "campaign": campaign, "reference": "a"}
    assert "reference" in refused(await world.api.post("/api/leads", json=named), 409)["detail"]
    fresh = [{"to": to, "campaign": campaign} for to in (people(1)[0], WHO)]
    assert "1.to" in refused(await world.api.post("/api/leads", json=fresh), 409)["detail"]
    assert await total(world, campaign) == 1
    other = await begun(world)
    again = await world.api.post("/api/leads", json=first | {"campaign": other})
    assert again.status_code == 201


async def test_a_key_makes_a_repeat_harmless(world: Telephone, campaign: str) -> None:
    for key, body in (
        ("leads-one", {"to": WHO, "campaign": campaign}),
        ("leads-many", [{"to": to, "campaign": campaign} for to in people(5)]),
    ):
        headers = {"Idempotency-Key": key}
        asked = [world.api.post("/api/leads", json=body, headers=headers) for _ in range(4)]
        answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} == {201}
        assert all(answer.json() == answers[0].json() for answer in answers)
    assert await total(world, campaign) == 6
    other = {"to": people(1, 40)[0], "campaign": campaign}
    headers = {"Idempotency-Key": "leads-one"}
    refused(await world.api.post("/api/leads", json=other, headers=headers), 409)


async def test_side_by_side_the_same_leads_come_in_once(world: Telephone, campaign: str) -> None:
    body = [{"to": to, "campaign": campaign} for to in people(20)]
    answers = await asyncio.gather(*(world.api.post("/api/leads", json=body) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409]
    assert await total(world, campaign) == 20


async def test_leads_without_a_campaign_have_an_implicit_one(world: Telephone) -> None:
    far = {"not_before": LATER}
    made = await world.api.post("/api/leads", json={"to": WHO, "reference": "loose", **far})
    assert made.status_code == 201
    assert made.json()["campaign"] == "default"
    again = await world.api.post("/api/leads", json={"to": WHO, "campaign": "default", **far})
    refused(again, 409)
    found = (await world.api.get("/api/leads", params={"campaign": "default"})).json()["items"]
    assert [one["id"] for one in found] == [made.json()["id"]]
    shown = (await world.api.get("/api/campaigns/default")).json()
    assert (shown["status"], shown["total"], shown["numbers"]) == ("running", 1, [OURS])
    path = f"/api/leads/{made.json()['id']}"
    assert (await world.api.post(f"{path}/cancel")).json()["status"] == "canceled"
    assert (await world.api.post(f"{path}/cancel")).status_code == 200
    once_more = await world.api.post("/api/leads", json={"to": WHO, **far})
    assert once_more.status_code == 201, "who was called before may be called again"
    named = {"to": people(1)[0], "reference": "loose", **far}
    refused(await world.api.post("/api/leads", json=named), 409)
    refused(await world.api.post("/api/campaigns/default/stop"), 409)


async def test_a_large_list_is_read(world: Telephone, campaign: str) -> None:
    body = [
        {"to": f"+1415{2_000_000 + n}", "campaign": campaign, "payload": {"note": "x" * 200}}
        for n in range(1500)
    ]
    answer = await world.api.post("/api/leads", json=body)
    assert answer.status_code == 201
    assert await total(world, campaign) == 1500
    refused(await world.api.post("/api/calls", content="x" * 300_000), 413)
