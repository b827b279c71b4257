"""Files of leads: every line is told, whatever a spreadsheet has made of it, and comes out as it went in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.calls.problems import refused
from tests.plugins.campaigns.marks import queue_on_sqlite

from linecard.testing.telephone import OURS, Telephone, telephone
from linecard_campaigns.spreadsheets import COLUMNS, plain, written

pytestmark = [pytest.mark.asyncio(loop_scope="module"), queue_on_sqlite]

FORMULAS = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1", "''=1")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path_factory.mktemp("world"), "plivo") as running:
        await running.register()
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def campaign(world: Telephone) -> str:
    body = {"name": "Files", "numbers": [OURS], "paused": True}
    return str((await world.api.post("/api/campaigns", json=body)).json()["id"])


async def sent(
    world: Telephone, campaign: str, content: str | bytes, status: int = 201
) -> dict[str, Any]:
    answer = await world.api.post(f"/api/campaigns/{campaign}/leads.csv", content=content)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def exported(world: Telephone, campaign: str) -> list[dict[str, str]]:
    answer = await world.api.get(f"/api/campaigns/{campaign}/leads.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert campaign in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_every_line_is_told(world: Telephone, campaign: str) -> None:
    content = """to,reference,timezone,name,payload
+14155552000,a,America/New_York,Ana,"{""vip"": true}"
+14155552001,a,,Bea,

12,,,Cem,
+14155552002,,Nowhere,Dan,
+14155552000,,,Ana again,
'+14155552003,c,,"Eva
from the second floor",
+14155552004,,,,{x
"""
    told = await sent(world, campaign, content)
    assert {name: told[name] for name in ("lines", "added", "duplicates", "refused")} == {
        "lines": 7,
        "added": 2,
        "duplicates": 2,
        "refused": 3,
    }
    report = [(one["line"], one["result"], one["field"]) for one in told["report"]]
    assert report == [
        (2, "added", None),
        (3, "duplicate", "reference"),
        (5, "refused", "to"),
        (6, "refused", "timezone"),
        (7, "duplicate", "to"),
        (8, "added", None),
        (10, "refused", "payload"),
    ]
    found = (await world.api.get("/api/leads", params={"campaign": campaign})).json()["items"]
    assert [one["to"] for one in found] == ["+14155552000", "+14155552003"]
    assert found[0]["payload"] == {"vip": True, "name": "Ana"}
    assert found[1]["payload"] == {"name": "Eva\nfrom the second floor"}
    again = await sent(world, campaign, content, 200)
    assert (again["added"], again["duplicates"]) == (0, 4)
    assert again["report"][0]["lead"] == found[0]["id"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "line.1"),
        (b"phone\n+14155552000\n", "line.1"),
        (b"to,to\n", "line.1"),
        (b"to,name\n+14155552000,\xfcnal\n", "line.2"),
        (b'to,name\n+14155552000,"open\n', "line.2"),
        (b"to\n+14155552000\n+14155552001,x\n", "line.3"),
        (b"t\0o\n", "body"),
    ],
)
async def test_a_file_that_cannot_be_read_names_the_line(
    world: Telephone, campaign: str, content: bytes, field: str
) -> None:
    answer = await world.api.post(f"/api/campaigns/{campaign}/leads.csv", content=content)
    refused(answer, 422, field)
    assert await exported(world, campaign) == []


@pytest.mark.parametrize("mark", [",", ";", "\t"])
async def test_what_spreadsheets_write_is_read(world: Telephone, campaign: str, mark: str) -> None:
    content = f"\ufeffTo{mark} Name \r\n+14155552000{mark}Zoë\r\n".encode()
    told = await sent(world, campaign, content)
    assert told["report"][0]["result"] == "added"
    (lead,) = (await world.api.get("/api/leads", params={"campaign": campaign})).json()["items"]
    assert lead["payload"] == {"Name": "Zoë"}


async def test_an_export_holds_no_formula_and_can_be_read_again(
    world: Telephone, campaign: str
) -> None:
    body = [
        {
            "to": f"+1415555{2100 + n}",
            "campaign": campaign,
            "reference": f"r{n}",
            "payload": {"x": one},
        }
        for n, one in enumerate(FORMULAS)
    ]
    body[0]["reference"] = "=cmd|'/c calc'!A1"
    assert (await world.api.post("/api/leads", json=body)).status_code == 201
    rows = await exported(world, campaign)
    assert list(rows[0]) == list(COLUMNS)
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@\t\r"]
    assert [plain(row["to"]) for row in rows] == [one["to"] for one in body]
    assert [plain(row["reference"]) for row in rows] == [one["reference"] for one in body]
    assert [json.loads(row["payload"]) for row in rows] == [one["payload"] for one in body]
    kept = ("to", "reference", "payload")
    text = written([kept, *([plain(row[name]) for name in kept] for row in rows)])
    other = {"name": "Again", "numbers": [OURS], "paused": True}
    second = (await world.api.post("/api/campaigns", json=other)).json()["id"]
    assert (await sent(world, second, text))["added"] == len(body)
    again = (await world.api.get("/api/leads", params={"campaign": second})).json()["items"]
    for name in kept:
        assert [one[name] for one in again] == [one[name] for one in body]


async def test_a_file_without_a_campaign_goes_to_the_implicit_one(world: Telephone) -> None:
    told = await sent(world, "default", "to,not_before\n+14155552000,2027-03-01T10:00:00+01:00\n")
    assert told["report"][0]["result"] == "added"
    (row,) = await exported(world, "default")
    assert row["not_before"] == "2027-03-01T09:00:00Z"
