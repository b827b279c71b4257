"""Units of work that share a transaction: each for itself when it fails, none acknowledged too soon."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from linecard.calls import Call
from linecard.errors import Conflict
from linecard.store import Database, calls, engine, live, timeline, together
from linecard.testing.laid_out import lay_out

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class MakeDatabase(Protocol):
    """The server of the session."""

    def create(self, template: str) -> str:
        """The URL of a new database."""
        ...


MakeCall = Callable[..., Call]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BESIDE = 40


@pytest.fixture(autouse=True)
def one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever waits goes into one transaction, however slow the machine is."""
    monkeypatch.setattr(together, "TOGETHER_SECONDS", 60.0)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> str:
    """The URL of a database of SQLite with our tables."""
    return lay_out(tmp_path / "store.db")


@contextmanager
def commits() -> Iterator[list[object]]:
    """Every commit of any engine."""
    seen: list[object] = []
    note = seen.append
    event.listen(Engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "commit", note)


def adding(call: Call) -> Callable[[AsyncConnection], Any]:
    """A unit that writes a call, and gives its id."""

    async def work(conn: AsyncConnection) -> str:
        await calls.add(conn, call)
        return call.id

    return work


async def kept(database: Database) -> set[str]:
    return {call.id async for call in live.every(database)}


async def test_units_beside_each_other_are_all_kept_and_each_has_its_answer(
    database: Database, make_call: MakeCall
) -> None:
    made = [make_call() for _ in range(BESIDE)]
    with commits() as seen:
        given = await asyncio.gather(*(database.together(adding(call)) for call in made))
    assert given == [call.id for call in made]
    assert await kept(database) == set(given)
    assert len(seen) == 1


async def test_a_unit_that_fails_is_undone_alone(database: Database, make_call: MakeCall) -> None:
    made = [make_call() for _ in range(6)]

    async def fails(conn: AsyncConnection) -> str:
        await calls.add(conn, made[3])
        raise LookupError("of its own")

    works = [fails if call is made[3] else adding(call) for call in made]
    given = await asyncio.gather(*map(database.together, works), return_exceptions=True)
    assert isinstance(given[3], LookupError)
    assert await kept(database) == {call.id for call in made if call is not made[3]}


async def test_a_statement_that_fails_undoes_its_unit_alone(
    database: Database, make_call: MakeCall
) -> None:
    one, other = make_call(), make_call()

    async def fails(conn: AsyncConnection) -> None:
        await calls.add(conn, other)
        await timeline.append(conn, "nobody", "x", {}, NOON)

    given = await asyncio.gather(
        database.together(adding(one)), database.together(fails), return_exceptions=True
    )
    assert isinstance(given[1], IntegrityError)
    assert await kept(database) == {one.id}


async def test_what_one_has_written_the_next_finds(database: Database, make_call: MakeCall) -> None:
    call = make_call()
    first, *others = await asyncio.gather(
        *(database.together(adding(call)) for _ in range(4)), return_exceptions=True
    )
    told = [first, *others]
    assert sum(one == call.id for one in told) == 1
    assert sum(isinstance(one, Conflict) for one in told) == 3


async def test_writers_of_both_kinds_lose_nothing_to_each_other(
    database: Database, make_call: MakeCall
) -> None:
    call = make_call(duration=0)
    await database.together(adding(call))

    async def count(conn: AsyncConnection) -> None:
        found = await calls.get(conn, call.id)
        assert found is not None
        assert found.duration is not None
        await calls.update(conn, call.id, duration=found.duration + 1)

    async def alone() -> None:
        async with database.write() as conn:
            await count(conn)

    await asyncio.gather(*(alone() if n % 2 else database.together(count) for n in range(30)))
    async with database.read() as conn:
        counted = await calls.get(conn, call.id)
    assert counted is not None
    assert counted.duration == 30


async def test_work_apart_waits_for_a_row_and_holds_up_nobody(
    postgres: MakeDatabase, postgresql_template: str, make_call: MakeCall
) -> None:
    database, call, other = Database(postgres.create(postgresql_template)), make_call(), make_call()
    ids = {"acme_id": "a-1"}
    await database.together(adding(replace(call, carrier_ids=ids)))

    async def end(conn: AsyncConnection) -> Call:
        assert await calls.get(conn, call.id) is not None
        return await calls.update(conn, call.id, outcome="done")

    async def find(conn: AsyncConnection) -> bool:
        return await calls.is_known(conn, call.provider, ids)

    async with database.write() as conn:
        assert await calls.get(conn, call.id) is not None
        waiting = asyncio.create_task(database.apart(end))
        assert await database.together(find)
        assert await database.together(adding(other)) == other.id
        assert not waiting.done()
    assert (await waiting).outcome == "done"
    await database.close()


async def test_who_does_not_wait_any_more_has_nothing_written(
    on_sqlite: str, make_call: MakeCall
) -> None:
    database, made = Database(on_sqlite), [make_call(), make_call()]
    async with database.write():
        waiting = [asyncio.create_task(database.together(adding(call))) for call in made]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
    assert await waiting[1] == made[1].id
    assert await kept(database) == {made[1].id}
    await database.close()


async def test_all_have_failed_where_their_commit_fails(
    on_sqlite: str, make_call: MakeCall
) -> None:
    database, made = Database(on_sqlite), [make_call(), make_call()]

    async def spoils(conn: AsyncConnection) -> None:
        await conn.execute(text("PRAGMA defer_foreign_keys = ON"))
        await timeline.append(conn, "nobody", "x", {}, NOON)

    works = [adding(made[0]), spoils]
    given = await asyncio.gather(*map(database.together, works), return_exceptions=True)
    assert [type(one) for one in given] == [IntegrityError, IntegrityError]
    assert await kept(database) == set()
    assert await database.together(adding(made[1])) == made[1].id
    assert await kept(database) == {made[1].id}
    await database.close()


async def test_all_are_told_that_another_process_holds_the_file(
    on_sqlite: str, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    database, made = Database(on_sqlite), [make_call() for _ in range(3)]
    with closing(sqlite3.connect(str(database.file), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        given = await asyncio.gather(
            *(database.together(adding(call)) for call in made), return_exceptions=True
        )
    assert [type(one) for one in given] == [OperationalError] * 3
    assert await database.together(adding(made[0])) == made[0].id
    await database.close()


async def test_a_unit_cannot_wait_for_another(on_sqlite: str, make_call: MakeCall) -> None:
    database = Database(on_sqlite)

    async def waits(_conn: AsyncConnection) -> None:
        await database.together(adding(make_call()))

    with pytest.raises(RuntimeError, match="cannot wait"):
        await database.together(waits)
    await database.close()


async def test_closing_leaves_nobody_waiting(on_sqlite: str, make_call: MakeCall) -> None:
    database = Database(on_sqlite)
    waiting = [asyncio.create_task(database.together(adding(make_call()))) for _ in range(3)]
    await asyncio.sleep(0)
    await database.close()
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting, return_exceptions=True)


def _die_within_a_group(url: str, made: list[Call], acknowledged: Connection) -> None:
    async def run() -> None:
        database = Database(url)

        async def acknowledge(call: Call) -> None:
            acknowledged.send(await database.together(adding(call)))

        async def die(_conn: AsyncConnection) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        half = len(made) // 2
        await asyncio.gather(*map(acknowledge, made[:half]))
        last = [database.together(die)]
        await asyncio.gather(*map(acknowledge, made[half:]), *last)

    asyncio.run(run())


async def test_nothing_that_was_acknowledged_is_lost_with_the_process(
    database: Database, dialect: str, make_call: MakeCall
) -> None:
    made = [make_call() for _ in range(8)]
    spawning = multiprocessing.get_context("spawn")
    heard, told = spawning.Pipe(duplex=False)
    url = database._url.render_as_string(hide_password=False)
    process = spawning.Process(target=_die_within_a_group, args=(url, made, told))
    process.start()
    told.close()
    acknowledged: set[str] = set()
    while True:
        try:
            acknowledged.add(await asyncio.to_thread(heard.recv))
        except EOFError:
            break
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL
    assert acknowledged >= {call.id for call in made[:4]}
    found = await kept(database)
    assert acknowledged <= found
    if dialect == "sqlite":
        assert found - acknowledged <= {call.id for call in made[4:]}
