"""The page on campaigns, and the API's own description, held to the code."""

from __future__ import annotations

import re
from dataclasses import fields

from fastapi.routing import APIRoute
from tests.docs.pages import ROOT, rows, ticked

from linecard_campaigns.answering import CALL, READ
from linecard_campaigns.campaign_routes import campaigns_router
from linecard_campaigns.describing import PLAN
from linecard_campaigns.lead_routes import leads_router
from linecard_campaigns.leads import LeadStatus
from linecard_campaigns.models import LeadIn
from linecard_campaigns.plans import Plan
from linecard_campaigns.retrying import DEFAULT

PAGE = ROOT / "docs" / "campaigns.md"
SCOPES = {str(one["x-linecard-scope"]): one for one in (CALL, READ)}


def _nobody() -> None:
    """Nothing is called here."""


def test_every_route_is_told_with_its_scope() -> None:
    line = re.compile(r"^\| `([A-Z]+)` \| `/api([^`]+)` \| (\w+) \|", re.MULTILINE)
    told = set(line.findall(PAGE.read_text(encoding="utf-8")))
    routers = (leads_router(_nobody), campaigns_router(_nobody))
    routes = [one for router in routers for one in router.routes if isinstance(one, APIRoute)]
    assert told == {
        (next(iter(one.methods or ())), one.path, (one.openapi_extra or {})["x-linecard-scope"])
        for one in routes
    }
    assert {scope for *_, scope in told} == set(SCOPES)


def test_every_field_of_a_campaign_is_told_with_its_default() -> None:
    told = {ticked(row[0])[0]: row[1] for row in rows(PAGE, "A campaign")}
    assert told.keys() == PLAN.keys() == {one.name for one in fields(Plan)}
    for name in ("max_attempts", "ring_seconds", "choice", "machine"):
        assert told[name] == f"`{Plan.__dataclass_fields__[name].default}`"
        assert PLAN[name]["default"] == Plan.__dataclass_fields__[name].default


def test_every_field_and_status_of_a_lead_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("\n## A lead\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)
    assert told == [*_in_order(told), *LeadStatus]
    assert set(told) - set(LeadStatus) == set(LeadIn.model_fields)


def _in_order(told: list[str]) -> list[str]:
    return [one for one in told if one in LeadIn.model_fields]


def test_the_usual_waits_are_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    minutes = {name: one.minutes for name, one in DEFAULT.items()}
    assert "busy 15 minutes, failed 30, no-answer 60, machine 120" in text
    assert minutes == {"busy": 15, "failed": 30, "no-answer": 60, "machine": 120}
