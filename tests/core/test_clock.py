"""The clock keeps its pace, never drifts, and tells Unix time."""

from __future__ import annotations

import time

import pytest

from linecard.clock import Clock


def test_a_clock_at_a_speed_passes_that_much_faster() -> None:
    clock = Clock(100)
    start = clock.now()
    time.sleep(0.02)
    assert clock.now() - start >= 2


def test_no_speed_is_no_clock() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Clock(0)


def test_unix_time_begins_right() -> None:
    assert abs(Clock(8).unix() - time.time()) < 2


async def test_sleeping_by_deadlines_does_not_add_up() -> None:
    clock = Clock(50)
    start = due = clock.now()
    for _ in range(50):
        due += 0.02
        await clock.sleep_until(due)
        assert clock.now() >= due - 0.001
    assert due - start == pytest.approx(1.0)


async def test_what_is_past_does_not_sleep() -> None:
    clock = Clock()
    start = time.monotonic()
    await clock.sleep_until(clock.now() - 5)
    await clock.sleep(-5)
    assert time.monotonic() - start < 1


async def test_a_timeout_in_the_clocks_seconds() -> None:
    clock = Clock(1000)
    with pytest.raises(TimeoutError):
        async with clock.timeout(10):
            await clock.sleep(100_000)
    async with clock.timeout(None):
        await clock.sleep(1)
