"""The plan of a campaign: what is read of it, what is refused with the field named, and that it survives storage."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linecard import InvalidField, Machine, Span
from linecard_campaigns.caps import Cap
from linecard_campaigns.choosing import Choice
from linecard_campaigns.guarding import Guard
from linecard_campaigns.plans import parse_plan, plan_as_data
from linecard_campaigns.reading_hours import ALWAYS
from linecard_campaigns.retrying import NEVER, Retry

LEAST = {"name": "Spring", "numbers": ["+14155550123"]}
FULL = {
    **LEAST,
    "agent": "greeter",
    "max_attempts": 5,
    "channels": 8,
    "calls_per_second": 0.5,
    "window": {"mon": "09:00-17:30", "sat": ["10:00-12:00", {"from": "22:00", "to": "01:00"}]},
    "timezone": "Asia/Kolkata",
    "holidays": ["2026-12-25"],
    "retry": {"busy": 5, "no-answer": {"minutes": 45, "times": 2}, "failed": False},
    "budget": "25.50",
    "caps": [{"calls": 7, "days": 7}],
    "choice": "least-cost",
    "machine": "detect",
    "ring_seconds": 30,
    "max_seconds": 600,
    "guard": {"short": 0.5},
    "paused": True,
}


def test_a_name_and_a_number_are_enough() -> None:
    plan = parse_plan(LEAST)
    assert (plan.name, plan.numbers, plan.agent) == ("Spring", ("+14155550123",), None)
    assert plan.at_any_hour
    assert plan.window == ALWAYS
    assert plan.timezone is None
    assert not plan.paused


def test_everything_that_a_plan_can_say() -> None:
    plan = parse_plan(FULL)
    assert plan.window == (
        Span(frozenset({0}), 540, 1050),
        Span(frozenset({5}), 600, 720),
        Span(frozenset({5}), 1320, 60),
    )
    assert (plan.timezone, plan.holidays) == ("Asia/Kolkata", (date(2026, 12, 25),))
    assert plan.retry["busy"] == Retry(minutes=5)
    assert plan.retry["no-answer"] == Retry(minutes=45, times=2)
    assert plan.retry["failed"] == NEVER
    assert plan.retry["machine"] == Retry(minutes=120)
    assert (plan.budget, plan.caps) == (Decimal("25.50"), (Cap(7, 7 * 86_400),))
    assert (plan.choice, plan.machine) == (Choice.LEAST_COST, Machine.DETECT)
    assert plan.guard == Guard(short=0.5)
    assert not plan.at_any_hour


@pytest.mark.parametrize("given", [LEAST, FULL, {**FULL, "guard": False, "timezone": "callee"}])
def test_a_stored_plan_is_read_as_the_same(given: dict[str, Any]) -> None:
    plan = parse_plan(given)
    stored = json.loads(json.dumps(plan_as_data(plan)))
    assert parse_plan(stored) == plan


@pytest.mark.parametrize(
    "window",
    [
        "09:00-17:30",
        ["09:00 - 17:30"],
        {"from": "09:00", "to": "17:30"},
        [
            {
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "from": "09:00",
                "to": "17:30",
            }
        ],
    ],
)
def test_ways_to_write_one_window(window: object) -> None:
    every_day = Span(frozenset(range(7)), 540, 1050)
    assert parse_plan({**LEAST, "window": window}).window == (every_day,)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"),
    ({"name": 5}, "name"),
    ({"numbers": []}, "numbers"),
    ({"numbers": "+14155550123"}, "numbers"),
    ({"numbers": ["+14155550123", "0123"]}, "numbers.1"),
    ({"agent": ""}, "agent"),
    ({"max_attempts": 0}, "max_attempts"),
    ({"max_attempts": True}, "max_attempts"),
    ({"max_attempts": 2.5}, "max_attempts"),
    ({"channels": 0}, "channels"),
    ({"calls_per_second": 0}, "calls_per_second"),
    ({"calls_per_second": float("nan")}, "calls_per_second"),
    ({"window": []}, "window"),
    ({"window": {}}, "window"),
    ({"window": 9}, "window"),
    ({"window": "9-17"}, "window"),
    ({"window": "09:00-09:00"}, "window"),
    ({"window": "24:00-09:00"}, "window"),
    ({"window": {"from": "09:00"}}, "window.to"),
    ({"window": {"from": "25:00", "to": "17:00"}}, "window.from"),
    ({"window": [{"from": "09:00", "to": "09:00"}]}, "window.0.to"),
    ({"window": [{"days": ["monday"], "from": "09:00", "to": "10:00"}]}, "window.0.days.0"),
    ({"window": {"mon": "09:00-25:00"}}, "window.mon"),
    ({"window": {"mon": ["09:00-10:00", 7]}}, "window.mon.1"),
    ({"window": {"mon": "09:00-10:00", "sunday": "09:00-10:00"}}, "window.mon"),
    ({"timezone": "Europe/Atlantis"}, "timezone"),
    ({"timezone": 5}, "timezone"),
    ({"timezone": ["callee"]}, "timezone"),
    ({"holidays": ["25.12.2026"]}, "holidays.0"),
    ({"retry": 5}, "retry"),
    ({"retry": {"busy": "soon"}}, "retry.busy"),
    ({"retry": {"busy": True}}, "retry.busy"),
    ({"retry": {"busy": {"minutes": -1}}}, "retry.busy.minutes"),
    ({"retry": {"busy": {"minuets": 1}}}, "retry.busy.minuets"),
    ({"budget": "much"}, "budget"),
    ({"budget": -1}, "budget"),
    ({"budget": float("inf")}, "budget"),
    ({"caps": [{"calls": 7}]}, "caps.0"),
    ({"caps": [{"days": 7}]}, "caps.0.calls"),
    ({"choice": "cheapest"}, "choice"),
    ({"machine": "hang-up"}, "machine"),
    ({"ring_seconds": 600}, "ring_seconds"),
    ({"guard": {"short": 20}}, "guard.short"),
    ({"guard": True}, "guard"),
    ({"paused": "yes"}, "paused"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("change", "field"), WRONG, ids=lambda one: str(one)[:60])
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_plan({**LEAST, **change})
    assert caught.value.field == field


@pytest.mark.parametrize("missing", ["name", "numbers"])
def test_what_is_missing_is_named(missing: str) -> None:
    for without in ({}, {missing: None}):
        given = {key: value for key, value in LEAST.items() if key != missing}
        with pytest.raises(InvalidField) as caught:
            parse_plan({**given, **without})
        assert caught.value.field == missing


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(FULL)), anything, max_size=4))
def test_no_json_is_more_than_refused(given_fields: dict[str, Any]) -> None:
    with suppress(InvalidField):
        plan = parse_plan({**LEAST, **given_fields})
        assert parse_plan(json.loads(json.dumps(plan_as_data(plan)))) == plan


def test_what_is_no_object_is_refused() -> None:
    nothing: list[object] = []
    for wrong in (None, nothing, "name", 3):
        with pytest.raises(InvalidField):
            parse_plan(wrong)
