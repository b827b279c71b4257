"""Calls that come in and do not go straight to the number's agent, on every carrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from linecard.simulator.phone import NO_ANSWER, Phone
from linecard.simulator.script import Speak, Wait
from linecard.simulator.speech import speech
from tests.calls.lines import CARRIERS, Line, line, routed
from tests.calls.telephone import names

STAYS = Phone(script=(Wait(4.0),), hangs_up=True)
TALKS = Phone(script=(Wait(1.0), Speak(speech("hello there")), Wait(3.0)), hangs_up=True)
SORRY = {"say": "We are closed."}


@pytest.fixture(params=CARRIERS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    async with line(tmp_path, request.param) as running:
        yield running


def closed_now(**more: Any) -> dict[str, Any]:
    """Hours that are over, whenever this is read."""
    now = datetime.now(UTC)
    start, end = now + timedelta(hours=2), now + timedelta(hours=3)
    window = {"from": f"{start:%H:%M}", "to": f"{end:%H:%M}"}
    return {"zone": "UTC", "windows": [window], **more}


def no_agent_talked(call: dict[str, Any]) -> None:
    assert call["agent"] == ""
    assert "agent-started" not in names(call)
    assert "stream-started" not in names(call)


async def test_hours_that_are_over_refuse_the_call(at: Line) -> None:
    await at.route({"hours": closed_now(closed={"do": "busy"})})
    call = await at.call_in(STAYS)
    (decision,) = routed(call)
    assert decision["do"] == "busy"
    assert decision["reason"].startswith("closed at ")
    no_agent_talked(call)


async def test_another_agent_has_the_night(at: Line) -> None:
    await at.route({"hours": closed_now(closed={"do": "agent", "agent": "greeter"})})
    call = await at.call_in(TALKS)
    assert call["agent"] == "greeter"
    assert "stream-started" in names(call)
    assert call["status"] == "completed"


async def test_a_holiday_has_an_action_of_its_own(at: Line) -> None:
    today = datetime.now(UTC).date()
    days = [(today + timedelta(days=step)).isoformat() for step in (-1, 0, 1)]
    always = {"zone": "UTC", "windows": [{"from": "00:00", "to": "24:00"}], "holidays": days}
    await at.route({"hours": {**always, "holiday": {"do": "hang-up"}}})
    call = await at.call_in(STAYS)
    (decision,) = routed(call)
    assert decision["do"] == "hang-up"
    assert decision["reason"].endswith("is a holiday")
    no_agent_talked(call)


@pytest.mark.parametrize("is_prefix", [False, True])
async def test_who_is_on_the_blocklist_is_refused(at: Line, is_prefix: bool) -> None:
    await at.route({})
    entry = at.customer[:6] + "*" if is_prefix else at.customer
    assert (await at.world.api.post("/api/blocklist", json={"caller": entry})).status_code == 201
    call = await at.call_in(STAYS)
    assert routed(call) == [{"do": "refuse", "reason": f"the blocklist has {entry}"}]
    no_agent_talked(call)
    assert call["answered_at"] is None


async def test_a_caller_who_calls_too_often_hears_busy(at: Line) -> None:
    await at.route({"rate_limit": {"calls": 2, "seconds": 3600}})
    calls = await at.call_several(3, at.customer, TALKS)
    decisions = [routed(call)[0]["do"] for call in calls]
    assert decisions == ["agent", "agent", "busy"]


async def test_a_redirect_rings_somebody_else(at: Line) -> None:
    at.world.carrier.phones[at.human] = Phone(script=(Wait(3.0),), hangs_up=True)
    await at.route({"rules": [{"caller": at.customer, "do": "redirect", "to": at.human}]})
    call = await at.call_in(Phone(script=(Wait(60),)))
    assert at.world.carrier.ledger.dials(at.human) == 1
    assert routed(call)[0]["reason"] == f"the rule for {at.customer}"
    assert call["agent"] == ""
    assert "agent-started" not in names(call)


async def test_a_redirect_that_nobody_takes_ends_the_call(at: Line) -> None:
    await at.route(
        {"rules": [{"caller": at.customer, "do": "redirect", "to": at.human, "ring_seconds": 5}]}
    )
    at.world.carrier.phones[at.human] = NO_ANSWER
    call = await at.call_in(Phone(script=(Wait(120),)))
    assert at.world.carrier.ledger.dials(at.human) == 1
    assert "stream-started" not in names(call)


async def test_withheld_callers_have_a_rule_and_share_no_count(at: Line) -> None:
    rules = [{"caller": "withheld", "do": "agent", "agent": "greeter"}]
    await at.route({"rules": rules, "rate_limit": {"calls": 1, "seconds": 3600}})
    calls = await at.call_several(2, "anonymous", TALKS)
    assert [(call["from"], call["agent"]) for call in calls] == [(None, "greeter")] * 2
    assert routed(calls[0])[0]["reason"] == "the rule for withheld"
