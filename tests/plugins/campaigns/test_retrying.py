"""Retries by outcome: later each time, spread, and the same after a crash."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linecard_campaigns.retrying import DEFAULT, NEVER, Policies, Retry, next_due

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
EXACT: Policies = {"busy": Retry(minutes=10, factor=3, jitter=0, max_minutes=60), "failed": NEVER}


def minutes(policies: Policies, *outcomes: str, lead: str = "lead") -> float | None:
    due = next_due(policies, outcomes, lead, AT)
    return None if due is None else (due - AT).total_seconds() / 60


def test_each_time_the_wait_grows_up_to_its_limit() -> None:
    waits = [minutes(EXACT, *["busy"] * attempts) for attempts in (1, 2, 3, 4, 50)]
    assert waits == [10, 30, 60, 60, 60]


def test_a_wait_grows_with_its_own_outcome_alone() -> None:
    assert minutes(EXACT, "no-answer", "no-answer", "busy") == 10


@pytest.mark.parametrize("outcome", ["completed", "rejected", "canceled", "sold"])
def test_what_no_policy_names_is_final(outcome: str) -> None:
    assert minutes(DEFAULT, outcome) is None


def test_an_outcome_may_be_final_by_order() -> None:
    assert minutes(EXACT, "failed") is None
    assert minutes(EXACT) is None


def test_an_outcome_has_its_own_number_of_retries() -> None:
    twice = {"busy": Retry(minutes=1, jitter=0, times=2)}
    assert minutes(twice, "busy", "busy") is not None
    assert minutes(twice, "busy", "busy", "busy") is None
    assert minutes(twice, "busy", "no-answer", "busy") is not None


@given(st.text(max_size=20), st.integers(1, 12), st.sampled_from(sorted(DEFAULT)))
def test_jitter_only_ever_adds_and_is_the_same_each_time(lead: str, n: int, outcome: str) -> None:
    outcomes = [outcome] * n
    first = minutes(DEFAULT, *outcomes, lead=lead)
    policy = DEFAULT[outcome]
    wait = min(policy.minutes * policy.factor ** (n - 1), policy.max_minutes)
    assert first is not None
    assert wait - 1e-6 <= first <= wait * (1 + policy.jitter) + 1e-6
    assert first == minutes(DEFAULT, *outcomes, lead=lead)


def test_jitter_spreads_leads_that_failed_together() -> None:
    waits = [minutes(DEFAULT, "busy", lead=f"lead-{number}") or 0 for number in range(1000)]
    tenths = [int((wait - 15) / 0.15) for wait in waits]
    assert min(tenths.count(tenth) for tenth in range(10)) > 60
