"""A server killed with SIGKILL at every numbered step, and at any time: nobody is dialled twice, nobody forgotten.

The carrier lives on in this process, loses some of its answers after it has placed the call, and its ledger
is the truth.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.calls.postgres import postgres
from tests.plugins.campaigns.oracle import OVER, Verdict, judge
from tests.plugins.campaigns.rows import add_campaign, add_leads, all_attempts, all_leads

from linecard.clock import Clock
from linecard.listening import free_port
from linecard.numbers import Number
from linecard.plugins import Plugins
from linecard.simulator import SimulatedCarrier
from linecard.simulator.phone import BUSY, NO_ANSWER, Phone
from linecard.simulator.script import Wait
from linecard.simulator.serving import running
from linecard.store import Database, numbers
from linecard.testing.telephone import KEY, OURS

ROOT = Path(__file__).parents[3]
SPEED = 20.0
STEPS = range(1, 11)
PHONES = (
    Phone(outcome=BUSY.outcome, ring_seconds=2),
    Phone(outcome=BUSY.outcome, ring_seconds=4),
    Phone(outcome=NO_ANSWER.outcome),
    Phone(ring_seconds=2, script=(Wait(2),), hangs_up=True),
)
CONFIG = """
[limits."plivo:main"]
max_calls_per_second = 40
"""


@dataclass(slots=True)
class Bench:
    """A carrier that lives on, a database, and leads; servers come and go."""

    carrier: SimulatedCarrier
    database: Database
    env: dict[str, str]
    port: int
    folder: Path
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "server.log"

    async def fill(self, count: int) -> None:
        """A number of ours, and leads who are busy, away or there; those who are busy are called twice."""
        ours = Number(
            id="n",
            number=OURS,
            provider="plivo",
            account="main",
            agent="echo",
            channels=1000,
            max_seconds=60,
        )
        async with self.database.write() as conn:
            await numbers.add(conn, ours)
        again = {"busy": {"minutes": 0.03, "times": 1}, "failed": False, "no-answer": False}
        campaign = await add_campaign(
            self.database, [OURS], max_attempts=2, ring_seconds=5, retry=again
        )
        people = [f"+1415{5_550_000 + n:07}" for n in range(2000, 2000 + count)]
        for n, to in enumerate(people):
            self.carrier.phones[to] = PHONES[n % len(PHONES)]
        await add_leads(self.database, campaign, people)

    @asynccontextmanager
    async def serving(
        self, kill: str = "", bug: str = ""
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A server that may kill itself."""
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.plugins.campaigns.crashing", "serve", "--port", str(self.port)),
                *("--drain-seconds", "0"),
                cwd=ROOT,
                env={**clean, **self.env, "KILL": kill, "BUG": bug},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(60):
                await process.wait()

    async def killed(self, kill: str, bug: str = "", within: float = 90) -> bool:
        """Whether the server came to the place where it dies, before all leads were over."""
        async with self.serving(kill, bug) as process, asyncio.timeout(within):
            while process.returncode is None:
                if await self.left() == 0:
                    return False
                await asyncio.sleep(0.2)
        assert process.returncode == -9, self.log.read_text()[-3000:]
        return True

    async def left(self) -> int:
        """How many leads are not over, those of which nobody knows left out."""
        return sum(
            one["status"] not in OVER and one["status"] != "unknown"
            for one in await all_leads(self.database)
        )

    async def finish(self, within: float, bug: str = "") -> Verdict:
        """Let a server live until nothing moves any more."""
        async with self.serving(bug=bug) as process:
            try:
                async with asyncio.timeout(within):
                    while await self.left():
                        assert process.returncode is None, self.log.read_text()[-3000:]
                        await asyncio.sleep(0.3)
                    await asyncio.sleep(3)
            except TimeoutError:
                pass
        return await self.verdict()

    async def verdict(self) -> Verdict:
        """The database against the ledger."""
        return judge(
            self.carrier.ledger, await all_leads(self.database), await all_attempts(self.database)
        )


@asynccontextmanager
async def bench(folder: Path, url: str) -> AsyncIterator[Bench]:
    """A database and a carrier."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    plugins = Plugins.discover()
    carrier = plugins.providers["plivo"].cls.simulator()(public_url, clock=Clock(SPEED))
    database = Database(url, plugins.ask_all_flat("migrations"))
    await database.open()
    config = folder / "linecard.toml"
    config.write_text(CONFIG)
    async with running(carrier, public_url) as carrier_url:
        env = {
            "LINECARD_CONFIG": str(config),
            "LINECARD_PUBLIC_URL": public_url,
            "LINECARD_DATABASE_URL": url,
            "LINECARD_API_KEY": KEY,
            "LINECARD_SECRET": "s" * 40,
            "LINECARD_ALLOWED_COUNTRIES": "US",
            "LINECARD_MAX_CALLS_PER_MINUTE": "100000",
            "LINECARD_INSTANCE": "the only one",
            "LINECARD_JOURNAL": str(folder / "callbacks"),
            "LINECARD_RECORDINGS": "off",
            **carrier.environment(carrier_url),
        }
        try:
            yield Bench(carrier, database, env, port, folder)
        finally:
            await database.close()


def lossy(at: Bench) -> None:
    """The carrier loses answers after it has placed the call, and says nothing useful before some."""
    faults = at.carrier.faults
    faults.rest = r"^POST .*/Call/$"
    faults.drop_answer, faults.error_after, faults.too_many_requests = 0.05, 0.03, 0.03


async def survived(at: Bench, kills: Sequence[str], within: float) -> Verdict:
    """Kill one server after the other, and let the last one live."""
    for kill in kills:
        if not await at.killed(kill):
            break
    verdict = await at.finish(within)
    print(verdict, "kills:", ", ".join(kills))
    return verdict


async def test_a_server_killed_in_the_middle_dials_nobody_twice(tmp_path: Path) -> None:
    async with bench(tmp_path, f"sqlite:///{tmp_path}/crash.db") as at:
        await at.fill(60)
        lossy(at)
        verdict = await survived(at, ("4:12", "9:5"), 60)
        assert verdict.faults == {}, verdict
        assert len(verdict.unknown) <= 20


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
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
    await at.fill(count)
    lossy(at)
    verdict = await survived(at, kills, 700)
    assert verdict.faults == {}, verdict
    assert verdict.total == count


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_checker_catches_a_dial_before_the_intent(tmp_path: Path) -> None:
    async with bench(tmp_path, f"sqlite:///{tmp_path}/crash.db") as at:
        await at.fill(40)
        for kill in ("2:4", "3:4", "2:8"):
            await at.killed(kill, bug="1")
        verdict = await at.finish(40, bug="1")
        assert verdict.dialled_twice, verdict
