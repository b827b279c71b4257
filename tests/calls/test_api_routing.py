"""Routing and the blocklist through the API: what is kept, and what is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calls.problems import refused
from tests.calls.telephone import OURS, Telephone

NUMBER = {"number": OURS, "provider": "plivo", "agent": "echo"}
HOURS: dict[str, Any] = {
    "zone": "Asia/Kolkata",
    "windows": [{"days": ["mon"], "from": "22:00", "to": "02:00"}],
    "holidays": ["2026-12-25"],
    "closed": {"do": "busy"},
}


async def test_a_routing_is_kept_as_it_was_given(world: Telephone) -> None:
    routing = {"hours": HOURS, "rules": [{"caller": "withheld", "do": "refuse"}]}
    answer = await world.api.post("/api/numbers", json=NUMBER | {"routing": routing})
    assert answer.status_code == 201, answer.text
    assert answer.json()["routing"] == routing
    kept = await world.api.patch(f"/api/numbers/{OURS}", json={"channels": 3})
    assert kept.json()["routing"] == routing
    gone = await world.api.patch(f"/api/numbers/{OURS}", json={"routing": {}})
    assert gone.json()["routing"] == {}


@pytest.mark.parametrize(
    ("routing", "field"),
    [
        ({"colour": 1}, "routing.colour"),
        ({"hours": HOURS | {"zone": "Mars/Olympus"}}, "routing.hours.zone"),
        ({"hours": HOURS | {"holidays": ["2026-02-30"]}}, "routing.hours.holidays.0"),
        (
            {"hours": HOURS | {"windows": [{"from": "25:00", "to": "26:00"}]}},
            "routing.hours.windows.0.from",
        ),
        (
            {"hours": HOURS | {"closed": {"do": "agent", "agent": "nobody"}}},
            "routing.hours.closed.agent",
        ),
        ({"rules": [{"caller": "anybody", "do": "busy"}]}, "routing.rules.0.caller"),
        ({"rate_limit": {"calls": 0, "seconds": 60}}, "routing.rate_limit.calls"),
        ({"blocked": {"do": "redirect", "to": "+19005550100"}}, "routing.blocked.to"),
        ({"blocked": {"do": "redirect", "to": OURS}}, "routing.blocked.to"),
        (
            {"blocked": {"do": "refuse", "unanswered": {"say": "Nobody."}}},
            "routing.blocked.unanswered",
        ),
        (
            {
                "blocked": {
                    "do": "redirect",
                    "to": "+14155550177",
                    "unanswered": {"sound": "none.wav"},
                }
            },
            "routing.blocked.unanswered.sound",
        ),
        ({"menu": {"entries": []}}, "routing.menu.entries"),
        ({"menu": {"entries": [{"key": "1", "agent": "nobody"}]}}, "routing.menu.entries.0.agent"),
        (
            {"blocked": {"do": "refuse", "message": {"say": "No.", "sound": "none.wav"}}},
            "routing.blocked.message.sound",
        ),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(
    world: Telephone, routing: dict[str, Any], field: str
) -> None:
    if field.endswith("windows.0.from"):
        answer = await world.api.post("/api/numbers", json=NUMBER | {"routing": routing})
        assert answer.status_code == 422
        assert field in [one["field"] for one in answer.json()["errors"]]
    else:
        refused(
            await world.api.post("/api/numbers", json=NUMBER | {"routing": routing}), 422, field
        )
    assert (await world.api.get("/api/numbers")).json()["items"] == []


async def test_the_blocklist_is_written_read_and_emptied(world: Telephone) -> None:
    first = await world.api.post("/api/blocklist", json={"caller": "+1900*", "note": "sales"})
    assert first.status_code == 201
    refused(await world.api.post("/api/blocklist", json={"caller": "+1900*"}), 409)
    refused(await world.api.post("/api/blocklist", json={"caller": "1900"}), 422, "caller")
    listed = (await world.api.get("/api/blocklist")).json()
    assert [(one["caller"], one["note"]) for one in listed["items"]] == [("+1900*", "sales")]
    assert (await world.api.delete("/api/blocklist/+1900*")).status_code == 204
    refused(await world.api.delete("/api/blocklist/+1900*"), 404)
    refused(await world.api.delete("/api/blocklist/%00"), 404)
