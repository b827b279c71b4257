from __future__ import annotations

import asyncio
from itertools import pairwise

from linecard.clock import Clock
from linecard.media.ticker import Ticker


async def test_it_runs_only_while_somebody_is_registered() -> None:
    ticker = Ticker(Clock(50.0))
    times: list[float] = []
    idle = len(asyncio.all_tasks())
    tick = times.append
    ticker.add(tick)
    while len(times) < 5:
        await asyncio.sleep(0.001)
    ticker.remove(tick)
    while len(asyncio.all_tasks()) > idle:
        await asyncio.sleep(0.001)
    seen = len(times)
    await asyncio.sleep(0.01)
    assert len(times) == seen
    assert times == sorted(times)
    ticker.add(tick)
    while len(times) == seen:
        await asyncio.sleep(0.001)
    await ticker.close()
    assert len(asyncio.all_tasks()) == idle


async def test_a_late_tick_is_made_up_for_by_none() -> None:
    slept: list[float] = []

    class Stalling(Clock):
        moment = 0.0

        def now(self) -> float:
            return self.moment

        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(0)
            self.moment += 1.0 if len(slept) == 3 else seconds

    times: list[float] = []
    ticker = Ticker(Stalling())
    ticker.add(times.append)
    while len(times) < 8:
        await asyncio.sleep(0)
    await ticker.close()
    steps = [round(later - earlier, 6) for earlier, later in pairwise(times)]
    assert steps[:6] == [0.02, 1.0, 0.02, 0.02, 0.02, 0.02]


async def test_one_that_fails_is_dropped_and_the_others_go_on() -> None:
    ticker = Ticker(Clock(50.0))
    times: list[float] = []
    failures: list[float] = []

    def fails(now: float) -> None:
        failures.append(now)
        raise RuntimeError("broken")

    ticker.add(fails)
    ticker.add(times.append)
    while len(times) < 4:
        await asyncio.sleep(0.001)
    await ticker.close()
    assert len(failures) == 1
