"""Hosts that fail all the time are left alone, and asked again by one request at a time."""

from __future__ import annotations

from linecard.exchange.notifying.breakers import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOST_FAILURES,
    Breakers,
)

HOST, OTHER = "hooks.example.com", "other.example.com"


def fail(breakers: Breakers, times: int, at: float = 0.0) -> None:
    for _ in range(times):
        breakers.failed(HOST, at)


def test_a_few_failures_change_nothing() -> None:
    breakers = Breakers()
    fail(breakers, MOST_FAILURES - 1)
    assert breakers.left_alone(HOST, 0.0) == 0.0
    breakers.answered(HOST)
    fail(breakers, MOST_FAILURES - 1)
    assert breakers.left_alone(HOST, 0.0) == 0.0


def test_many_in_a_row_are_answered_by_a_pause_for_that_host_alone() -> None:
    breakers = Breakers()
    fail(breakers, MOST_FAILURES, 100.0)
    assert breakers.left_alone(HOST, 101.0) == FIRST_PAUSE - 1
    assert breakers.left_alone(OTHER, 101.0) == 0.0


def test_after_the_pause_one_goes_and_the_others_wait_for_it() -> None:
    breakers = Breakers()
    fail(breakers, MOST_FAILURES)
    assert breakers.left_alone(HOST, FIRST_PAUSE) == 0.0
    assert breakers.left_alone(HOST, FIRST_PAUSE) > 0.0
    breakers.answered(HOST)
    assert breakers.left_alone(HOST, FIRST_PAUSE) == 0.0


def test_pauses_grow_to_a_limit() -> None:
    breakers, pauses = Breakers(), list[float]()
    fail(breakers, MOST_FAILURES)
    for _ in range(8):
        pauses.append(breakers.left_alone(HOST, 0.0))
        breakers.failed(HOST, 0.0)
    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pauses[-1] == LONGEST_PAUSE
