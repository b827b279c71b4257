"""A server killed with SIGKILL at every numbered step, and at any time: nobody is dialled twice, nobody forgotten.

The carrier lives on in this process, loses some of its answers after it has placed the call, and its ledger
is the truth.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.calls.postgres import postgres
from tests.plugins.campaigns.bench import Bench, bench
from tests.plugins.campaigns.marks import queue_on_sqlite
from tests.plugins.campaigns.oracle import Verdict

from linecard.testing.telephone import OURS

STEPS = range(1, 11)


def lossy(at: Bench) -> None:
    """The carrier loses answers after it has placed the call, and says nothing useful before some."""
    faults = at.carrier.faults
    faults.rest = r"^POST .*/Call/$"
    faults.drop_answer, faults.error_after, faults.too_many_requests = 0.05, 0.03, 0.03


async def survived(at: Bench, kills: Sequence[str], within: float) -> Verdict:
    """Kill one server after the other, and let the last one live."""
    died = [kill for kill in kills if await at.killed(kill)]
    verdict = await at.finish(within)
    print(verdict, "killed at", ", ".join(died))
    return verdict


@queue_on_sqlite
async def test_a_server_killed_in_the_middle_dials_nobody_twice(tmp_path: Path) -> None:
    async with bench(tmp_path, f"sqlite:///{tmp_path}/crash.db") as at:
        await at.own([OURS], 1000)
        await at.fill(60)
        lossy(at)
        verdict = await survived(at, ("4:12", "9:5"), 60)
        assert verdict.faults == {}, verdict
        assert len(verdict.unknown) <= 20


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("dialect", [pytest.param("sqlite", marks=queue_on_sqlite), "postgresql"])
async def test_killed_at_every_step_and_at_any_time(tmp_path: Path, dialect: str) -> None:
    seed = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 1_000_000)
    dice = random.Random(seed)
    count = int(os.environ.get("CRASH_LEADS", "2000"))
    kills = [f"{step}:{dice.randint(1, 40)}" for step in STEPS]
    kills += [f"after:{dice.uniform(3, 9):.2f}" for _ in range(10)]
    dice.shuffle(kills)
    print("seed", seed)
    if dialect == "sqlite":
        async with bench(tmp_path, f"sqlite:///{tmp_path}/crash.db") as at:
            await _all_of_it(at, count, kills)
        return
    with postgres() as server:
        async with bench(tmp_path, server.url) as at:
            await _all_of_it(at, count, kills)


async def _all_of_it(at: Bench, count: int, kills: Sequence[str]) -> None:
    await at.own([OURS], 1000)
    await at.fill(count)
    lossy(at)
    verdict = await survived(at, kills, 700)
    assert verdict.faults == {}, verdict
    assert verdict.total == count


@pytest.mark.slow
@queue_on_sqlite
@pytest.mark.timeout(300)
async def test_the_checker_catches_a_dial_before_the_intent(tmp_path: Path) -> None:
    async with bench(tmp_path, f"sqlite:///{tmp_path}/crash.db") as at:
        await at.own([OURS], 1000)
        await at.fill(40)
        for kill in ("2:4", "3:4", "2:8"):
            await at.killed(kill, bug="1")
        verdict = await at.finish(40, bug="1")
        assert verdict.dialled_twice, verdict
