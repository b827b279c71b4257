"""Caps on calls to one person, in a time that slides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from linecard_campaigns.caps import Cap, Reached, longest, reached

AT = datetime(2026, 12, 8, tzinfo=UTC)
WEEK = Cap(7, 7 * 86_400)
HOUR = timedelta(hours=1)


def test_the_seventh_call_is_the_last_of_the_week() -> None:
    six = [AT - (number + 1) * HOUR for number in range(6)]
    assert reached([WEEK], six, AT) is None
    seven = [*six, AT - timedelta(days=6)]
    found = reached([WEEK], seven, AT)
    assert found == Reached(AT + timedelta(days=1), "7 of 7 calls in 7 days")


def test_of_several_caps_the_one_that_holds_longest_counts() -> None:
    found = reached([Cap(1, 60), WEEK, Cap(2, 3600)], [AT - HOUR / 2, AT - HOUR / 4], AT)
    assert found is not None
    assert found.until == AT + HOUR / 2


def test_no_cap_forbids_nothing() -> None:
    assert reached([], [AT] * 50, AT) is None
    assert longest([]) == timedelta(0)
    assert longest([Cap(1, 60), WEEK]) == timedelta(days=7)


def test_a_clock_that_was_set_back_opens_nothing() -> None:
    assert reached([Cap(1, 60)], [AT + 24 * HOUR], AT) is not None


hours = st.lists(st.integers(0, 400), max_size=40)


@given(hours, st.integers(1, 5), st.integers(1, 100))
def test_whoever_keeps_to_a_cap_is_never_called_more_often(
    wishes: list[int], calls: int, span: int
) -> None:
    cap, made = Cap(calls, span * 3600), list[datetime]()
    for wish in sorted(wishes):
        at = AT + wish * HOUR
        found = reached([cap], made, at)
        if found is None:
            made.append(at)
        else:
            assert found.until > at
            assert reached([cap], made, found.until) is None
            assert reached([cap], made, found.until - timedelta(seconds=1)) is not None
    for begin in made:
        within = [one for one in made if begin <= one < begin + span * HOUR]
        assert len(within) <= calls
