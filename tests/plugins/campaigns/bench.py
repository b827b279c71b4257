"""A carrier that lives on, a database, and servers in processes of their own that come and go."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
PHONES = (
    Phone(outcome=BUSY.outcome, ring_seconds=2),
    Phone(outcome=BUSY.outcome, ring_seconds=4),
    Phone(outcome=NO_ANSWER.outcome),
    Phone(ring_seconds=2, script=(Wait(2),), hangs_up=True),
)
"""Busy ones, one who never answers, and one who talks for a moment."""


@dataclass(slots=True)
class Bench:
    """A carrier that lives on, a database, and leads; servers come and go."""

    carrier: SimulatedCarrier
    database: Database
    env: dict[str, str]
    folder: Path
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "server.log"

    async def own(self, pool: Sequence[str], channels: int) -> None:
        """Numbers of ours."""
        async with self.database.write() as conn:
            for number in pool:
                ours = Number(
                    id=number,
                    number=number,
                    provider="plivo",
                    account="main",
                    agent="echo",
                    channels=channels,
                    max_seconds=60,
                )
                await numbers.add(conn, ours)

    async def fill(
        self,
        count: int,
        pool: Sequence[str] = (OURS,),
        phones: Sequence[Phone] = PHONES,
        **plan: Any,
    ) -> None:
        """Leads who are busy, away or there; those who are busy are called twice."""
        again = {"busy": {"minutes": 0.03, "times": 1}, "failed": False, "no-answer": False}
        wanted = {"max_attempts": 2, "ring_seconds": 5, "retry": again, "guard": False, **plan}
        campaign = await add_campaign(self.database, pool, **wanted)
        people = [f"+1415{5_550_000 + n:07}" for n in range(2000, 2000 + count)]
        for n, to in enumerate(people):
            self.carrier.phones[to] = phones[n % len(phones)]
        await add_leads(self.database, campaign, people)

    @asynccontextmanager
    async def serving(
        self, kill: str = "", bug: str = "", **variables: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A server that may kill itself."""
        env = {**self.env, **variables}
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.plugins.campaigns.crashing", "serve", "--port", env["PORT"]),
                *("--drain-seconds", "0"),
                cwd=ROOT,
                env={**clean, **env, "KILL": kill, "BUG": bug},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(30):
                    await process.wait()
            except TimeoutError:
                process.kill()
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
async def bench(
    folder: Path, url: str, per_second: int = 40, speed: float = SPEED
) -> AsyncIterator[Bench]:
    """A database and a carrier."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    plugins = Plugins.discover()
    carrier = plugins.providers["plivo"].cls.simulator()(public_url, clock=Clock(speed))
    database = Database(url, plugins.ask_all_flat("migrations"))
    await database.open()
    config = folder / "linecard.toml"
    config.write_text(f'[limits."plivo:main"]\nmax_calls_per_second = {per_second}\n')
    async with running(carrier, public_url) as carrier_url:
        env = {
            "PORT": str(port),
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
            yield Bench(carrier, database, env, folder)
        finally:
            await database.close()
