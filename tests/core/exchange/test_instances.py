"""Who is there, who holds a call, and who does what one process alone should."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from linecard.exchange.doors import Doors
from linecard.exchange.instances import Instances
from linecard.store import Database, instances
from linecard.store.instances import Instance
from linecard.testing.laid_out import lay_out
from linecard.wall import now


def instance(name: str, age: float = 0.0, seen: float = 0.0) -> Instance:
    """A process that began and was seen so many seconds ago."""
    at = now()
    return Instance(
        name=name,
        url=f"http://10.0.0.1:{8000 + len(name)}",
        started_at=at - timedelta(seconds=age),
        seen_at=at - timedelta(seconds=seen),
    )


@asynccontextmanager
async def known(folder: Path, *others: Instance, age: float = 5.0) -> AsyncIterator[Instances]:
    """A process that has seen these others."""
    database = Database(lay_out(folder / "linecard.db"))
    await database.open()
    async with database.write() as conn:
        for one in others:
            await instances.beat(conn, one)
    here = Instances(database=database, doors=Doors(), own=instance("here", age))
    await here.beat()
    try:
        yield here
    finally:
        await database.close()


async def test_a_process_that_is_alone_asks_and_writes_nothing() -> None:
    alone = Instances()
    await alone.beat()
    assert (alone.name, alone.relief(), alone.is_first, alone.busy_elsewhere) == (
        None,
        None,
        True,
        [],
    )
    assert not alone.is_theirs("anybody")
    assert not alone.is_theirs(None)
    assert await alone.holder_of("call") is None
    await alone.leave()


async def test_calls_are_looked_after_by_their_holder_and_those_of_nobody_by_the_oldest(
    tmp_path: Path,
) -> None:
    dead = instance("dead", 90, seen=20)
    async with known(tmp_path, instance("younger", 1), dead, age=5) as oldest:
        assert oldest.is_first
        assert [oldest.is_theirs(one) for one in ("here", "younger", "dead", None, "gone")] == [
            False,
            True,
            False,
            False,
            False,
        ]
        assert list(oldest.busy_elsewhere) == ["younger"]


async def test_a_younger_process_leaves_the_calls_of_nobody_alone(tmp_path: Path) -> None:
    async with known(tmp_path, instance("elder", 90)) as here:
        assert not here.is_first
        owners = ("here", "elder", "dead", None)
        assert [here.is_theirs(one) for one in owners] == [False, True, True, True]


async def test_new_calls_go_to_a_process_that_takes_some(tmp_path: Path) -> None:
    draining = replace(instance("draining"), draining=True)
    dead = instance("dead!", seen=16)
    async with known(tmp_path, draining, dead) as here:
        assert here.relief() is None
    async with known(tmp_path / "2", draining, dead, instance("another")) as here:
        found = here.relief()
        assert found is not None
        assert found.name == "another"


async def test_a_process_that_began_since_the_last_beat_is_looked_up(tmp_path: Path) -> None:
    async with known(tmp_path) as here:
        assert await here.holder("fresh") is None
        assert here.database is not None
        async with here.database.write() as conn:
            await instances.beat(conn, instance("fresh"))
        found = await here.holder("fresh")
        assert found is not None
        assert found.url == "http://10.0.0.1:8005"


async def test_what_stands_at_our_own_address_is_not_another(tmp_path: Path) -> None:
    """A machine's address may be given to another process: a request must not go round in circles."""
    async with known(tmp_path, instance("once")) as here:
        assert await here.holder("once") is None
        assert await here.holder("here") is None


async def test_while_nobody_could_be_seen_nobody_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away for a minute: the others have not written yet that they live."""
    async with known(tmp_path, instance("other")) as here:
        later = now() + timedelta(seconds=60)
        monkeypatch.setattr("linecard.exchange.instances.now", lambda: later)
        await here.beat()
        assert await here.holder("other") is not None
        later += timedelta(seconds=5)
        await here.beat()
        assert await here.holder("other") is None


async def test_a_process_that_ends_leaves_nothing(tmp_path: Path) -> None:
    async with known(tmp_path, replace(instance("old"), seen_at=now() - timedelta(days=2))) as here:
        assert here.database is not None
        await here.leave()
        async with here.database.read() as conn:
            assert await instances.every(conn) == []


async def test_a_draining_process_says_so(tmp_path: Path) -> None:
    async with known(tmp_path) as here:
        here.doors.close()
        await here.beat()
        assert here.database is not None
        async with here.database.read() as conn:
            assert [one.draining for one in await instances.every(conn)] == [True]
