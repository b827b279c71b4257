"""Several servers on one PostgreSQL: nobody is dialled twice, no number has more calls than channels, the pace is kept.

Sixteen of them with ten thousand leads take their time: `make test-workers`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tests.calls.postgres import Postgres, postgres
from tests.plugins.campaigns.bench import Bench, bench
from tests.plugins.campaigns.oracle import Verdict

from linecard.listening import free_port
from linecard.simulator.handset import plain
from linecard.simulator.ledger import Entry, Ledger, What
from linecard.simulator.phone import BUSY, Phone

POOL = [f"+1415555010{n}" for n in range(4)]
QUICK = Phone(outcome=BUSY.outcome, ring_seconds=5)
SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many servers, leads and channels, how many dials a second, and how fast the calls' clock goes.

    What each server does by that clock is done so much oftener: many of them have a slower one.
    """

    workers: int
    leads: int
    per_second: int
    channels: int
    speed: float = 20.0


def peaks(ledger: Ledger) -> dict[str, int]:
    """The most calls that each number of ours had at one instant."""
    live: Counter[str] = Counter()
    most: dict[str, int] = {}
    owner: dict[str, str] = {}
    for entry in ledger.entries:
        if entry.what is What.DIALLED and entry.call is not None:
            number = owner[entry.call] = plain(str(entry.facts["from"]))
            live[number] += 1
            most[number] = max(most.get(number, 0), live[number])
        elif entry.what is What.HUNG_UP and entry.call in owner:
            live[owner.pop(entry.call)] -= 1
    return most


def rate(ledger: Ledger, speed: float) -> float:
    """Dials a real second, from the first to the last."""
    times = [entry.at / speed for entry in _dials(ledger)]
    return (len(times) - 1) / (times[-1] - times[0])


def busiest(ledger: Ledger, speed: float) -> int:
    """The most requests to dial within any real second."""
    times = [entry.at / speed for entry in ledger.all(What.QUEUED)]
    return max(sum(1 for one in times if at <= one < at + 1) for at in times[::5])


def _dials(ledger: Ledger) -> Iterator[Entry]:
    return (entry for entry in ledger.entries if entry.what is What.QUEUED)


async def worked(at: Bench, fleet: Fleet) -> Verdict:
    """Let so many servers work until nothing is left."""
    at.env["PLAIN"] = "1"
    await at.own(POOL, fleet.channels)
    await at.fill(fleet.leads, POOL, [QUICK], max_attempts=1)
    async with AsyncExitStack() as stack:
        for n in range(fleet.workers - 1):
            port = free_port()
            own = {
                "PORT": str(port),
                "LINECARD_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "LINECARD_INSTANCE": f"worker {n}",
                "LINECARD_JOURNAL": str(at.folder / f"callbacks-{n}"),
            }
            await stack.enter_async_context(at.serving(**own))
        return await at.finish(60 + 3 * fleet.leads / fleet.per_second)


async def _let_many_in(server: Postgres) -> None:
    """A server process has up to two dozen connections; PostgreSQL takes a hundred by itself."""
    async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as conn:
        await conn.execute("ALTER SYSTEM SET max_connections = 600")
    await server.stop()
    await server.start()


async def _check(folder: Path, fleet: Fleet) -> None:
    speed = fleet.speed
    with postgres() as server:
        await _let_many_in(server)
        async with bench(folder, server.url, fleet.per_second, speed) as at:
            verdict = await worked(at, fleet)
            ledger = at.carrier.ledger
            found = f"{verdict}, {rate(ledger, speed):.1f} dials a second of {fleet.per_second}, "
            found += f"at most {busiest(ledger, speed)} in one, channels {peaks(ledger)}"
            print(found)
            assert verdict.faults == {}, found
            assert not verdict.unknown, found
            assert max(peaks(ledger).values()) <= fleet.channels, found
            assert rate(ledger, speed) >= SHARE * fleet.per_second, found


@pytest.mark.crowd
@pytest.mark.timeout(300)
async def test_three_servers(tmp_path: Path) -> None:
    await _check(tmp_path, Fleet(workers=3, leads=150, per_second=8, channels=3))


@pytest.mark.slow
@pytest.mark.timeout(5400)
@pytest.mark.skipif("CAMPAIGN_WORKERS" not in os.environ, reason="make test-workers")
async def test_sixteen_servers(tmp_path: Path) -> None:
    workers = int(os.environ["CAMPAIGN_WORKERS"])
    leads = int(os.environ.get("CAMPAIGN_LEADS", "10000"))
    pace = int(os.environ.get("CAMPAIGN_PACE", "10"))
    await _check(tmp_path, Fleet(workers, leads, per_second=pace, channels=4, speed=10.0))
