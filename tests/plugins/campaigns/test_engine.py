"""The durable queue: once is once, delays, limits, and what a stop leaves for the next start."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.campaigns.marks import queue_on_sqlite

from linecard import ConfigurationError
from linecard.store import Database
from linecard.testing.laid_out import lay_out
from linecard.wall import now
from linecard_campaigns.engine import Engine
from linecard_campaigns.misfit import check_sqlite
from linecard_campaigns.tickets import Lane, Turn

OURS = "+14155550100"


@dataclass(slots=True)
class Server:
    """As much of a server as the engine reads."""

    database: Database
    database_url: str
    instance: str = "tests"


@dataclass(slots=True)
class Office:
    """Takes turns, and remembers them."""

    taken: list[str] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    stays: bool = False
    following: dict[str, Turn] = field(default_factory=dict)

    async def take(self, turn: Turn) -> Turn | None:
        self.taken.append(turn.workflow)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(600 if self.stays else 0.2)
        finally:
            self.at_once -= 1
        return self.following.get(turn.workflow)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.taken) < count or self.at_once and not self.stays:  # noqa: RUF021
                await asyncio.sleep(0.05)


async def nothing() -> None:
    """No sweep."""


def turn(lead: str, n: int = 1, **more: Any) -> Turn:
    return Turn(lead=lead, turn=n, campaign="c", number=OURS, **more)


def lane(**limits: Any) -> Lane:
    return Lane(
        **{"campaign": "c", "channels": None, "per_second": None, "per_number": None} | limits
    )


@asynccontextmanager
async def running(folder: Path, office: Office) -> AsyncIterator[Engine]:
    url = lay_out(folder / "engine.db")
    database = Database(url)
    server: Any = Server(database, url)
    engine = Engine(server)
    await engine.start(office.take, nothing)
    try:
        yield engine
    finally:
        await engine.stop()
        await database.close()


@queue_on_sqlite
async def test_once_is_once_and_what_follows_is_queued_by_itself(tmp_path: Path) -> None:
    office = Office(following={"a:1": turn("a", 2)})
    async with running(tmp_path, office) as engine:
        await engine.open(lane())
        await engine.push([turn("a"), turn("b"), turn("a")])
        await engine.push([turn("a")])
        await office.until(3)
        await asyncio.sleep(1)
        assert Counter(office.taken) == {"a:1": 1, "b:1": 1, "a:2": 1}
        states = await engine.states(["a:1", "a:2", "nobody:1"])
        assert {name: state for name, (state, _) in states.items()} == {
            "a:1": "SUCCESS",
            "a:2": "SUCCESS",
        }
    with sqlite3.connect(tmp_path / "engine.db-campaigns") as beside:
        assert beside.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@queue_on_sqlite
async def test_channels_hold_and_a_delay_is_kept(tmp_path: Path) -> None:
    office = Office()
    async with running(tmp_path, office) as engine:
        await engine.open(lane(channels=2, per_number=50))
        late = turn("late", due_at=now() + timedelta(seconds=3))
        begun = now()
        await engine.push([late, *(turn(f"l{n}") for n in range(6))])
        await office.until(6)
        assert office.taken.count("late:1") == 0 or now() - begun >= timedelta(seconds=3)
        await office.until(7)
        assert now() - begun >= timedelta(seconds=3)
        assert office.most == 2


@queue_on_sqlite
@pytest.mark.slow
async def test_what_a_stop_leaves_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    office = Office(stays=True)
    async with running(tmp_path, office) as engine:
        await engine.open(lane(channels=1))
        await engine.push([turn("a"), turn("b")])
        await office.until(1)
        (begun,) = office.taken
    again = Office()
    async with running(tmp_path, again):
        await again.until(2)
    assert sorted(again.taken) == ["a:1", "b:1"]
    assert begun in again.taken


@pytest.mark.parametrize(
    ("python", "sqlite", "fits"),
    [((3, 11), (3, 40), True), ((3, 12), (3, 40), False), ((3, 13), (3, 46), True)],
)
def test_a_pair_that_cannot_work_is_named_at_the_start(
    python: tuple[int, int], sqlite: tuple[int, int], fits: bool
) -> None:
    if fits:
        check_sqlite(python, sqlite)
        return
    with pytest.raises(ConfigurationError, match=r"3\.42 or newer with Python 3\.12"):
        check_sqlite(python, sqlite)
