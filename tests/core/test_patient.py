"""A patient clock waits for its loop: what a machine is held up for does not pass."""

from __future__ import annotations

import asyncio
import time

import pytest

from linecard.patient import LONGEST_STEP, patient_clock

SPEED = 50.0


async def test_it_passes_so_many_times_as_fast_while_the_loop_keeps_up() -> None:
    async with patient_clock(SPEED) as clock:
        began, real = clock.now(), time.monotonic()
        await clock.sleep(5)
        passed = clock.now() - began
        assert 5 <= passed <= (time.monotonic() - real) * SPEED + 0.01


async def test_a_loop_that_is_held_up_loses_one_step_at_most() -> None:
    async with patient_clock(SPEED) as clock:
        await asyncio.sleep(0.02)
        began = clock.now()
        time.sleep(0.3)
        assert clock.now() - began <= LONGEST_STEP * SPEED
        await asyncio.sleep(0)
        assert clock.now() - began < 2 * LONGEST_STEP * SPEED


async def test_it_never_goes_back() -> None:
    async with patient_clock(SPEED) as clock:
        seen = []
        for _ in range(40):
            time.sleep(0.001)
            seen.append(clock.now())
            await asyncio.sleep(0.001)
        assert seen == sorted(seen)


async def held_up(timeout: asyncio.Timeout) -> None:
    async with timeout:
        time.sleep(0.2)
        await asyncio.sleep(60)


async def test_a_timeout_waits_for_it_too() -> None:
    async with patient_clock(SPEED) as clock:
        began = clock.now()
        with pytest.raises(TimeoutError):
            await held_up(clock.timeout(5))
        assert clock.now() - began >= 5
        with pytest.raises(TimeoutError):
            await held_up(clock.timeout(0))
        async with clock.timeout(1):
            await clock.sleep(0.1)
        async with clock.timeout(None):
            await clock.sleep(2)
