"""The database: opening, transactions, and writers that wait for each other."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from linecard.calls import Call
from linecard.errors import ConfigurationError, Conflict
from linecard.store import Database, calls, engine, timeline
from linecard.testing.laid_out import lay_out

KILL_THE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class MakeDatabase(Protocol):
    """The server of the session."""

    def create(self, template: str) -> str:
        """The URL of a new database."""


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def test_what_is_committed_survives_a_restart(
    url: str, make_call: Callable[..., Call]
) -> None:
    for expected in (None, "call-1"):
        database = Database(url)
        await database.open()
        async with database.write() as conn:
            found = await calls.get(conn, "call-1")
            assert (found.id if found else None) == expected
            if found is None:
                await calls.add(conn, make_call())
        await database.close()


async def test_an_error_rolls_everything_back(
    database: Database, make_call: Callable[..., Call]
) -> None:
    async def fail() -> None:
        async with database.write() as conn:
            await calls.add(conn, make_call())
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.read() as conn:
        assert await calls.get(conn, "call-1") is None


async def test_cancelling_rolls_back_and_the_next_writer_gets_in(
    database: Database, make_call: Callable[..., Call]
) -> None:
    inside = asyncio.Event()

    async def stuck() -> None:
        async with database.write() as conn:
            await calls.add(conn, make_call())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with database.write() as conn:
        assert await calls.get(conn, "call-1") is None
        await calls.add(conn, make_call())


async def test_a_reading_transaction_cannot_write(
    database: Database, make_call: Callable[..., Call]
) -> None:
    with pytest.raises(DBAPIError, match="read"):
        async with database.read() as conn:
            await calls.add(conn, make_call())


async def test_a_reader_is_not_held_up_by_a_writer(
    database: Database, make_call: Callable[..., Call]
) -> None:
    async with database.write() as writer:
        await calls.add(writer, make_call())
        async with database.read() as reader:
            assert await calls.get(reader, "call-1") is None


async def test_a_row_needs_its_call(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        async with database.write() as conn:
            await timeline.append(conn, "nobody", "x", {}, NOON)


async def test_read_then_write_from_many_tasks_loses_nothing(
    database: Database, make_call: Callable[..., Call]
) -> None:
    call = make_call(duration=0)
    async with database.write() as conn:
        await calls.add(conn, call)
    await asyncio.gather(*(_count_up(database, call) for _ in range(30)))
    async with database.read() as conn:
        counted = await calls.get(conn, "call-1")
    assert counted is not None
    assert counted.duration == 30


def _start_and_count(url: str, call: Call, together: Barrier) -> None:
    async def run() -> None:
        database = Database(url)
        together.wait()
        await database.open()
        with suppress(Conflict):
            async with database.write() as conn:
                await calls.add(conn, call)
        together.wait()
        for _ in range(20):
            await _count_up(database, call)
        await database.close()

    asyncio.run(run())


async def _count_up(database: Database, call: Call) -> None:
    async with database.write() as conn:
        found = await calls.get(conn, call.id)
        assert found is not None
        assert found.duration is not None
        await asyncio.sleep(0)
        await calls.update(conn, call.id, duration=found.duration + 1)


async def test_several_processes_start_at_once_and_lose_nothing(
    url: str, make_call: Callable[..., Call]
) -> None:
    call = make_call(duration=0)
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(2, timeout=30)
    processes = [
        spawning.Process(target=_start_and_count, args=(url, call, together)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    database = Database(url)
    async with database.read() as conn:
        counted = await calls.get(conn, call.id)
    await database.close()
    assert [process.exitcode for process in processes] == [0, 0]
    assert counted is not None
    assert counted.duration == 40


async def test_databases_may_migrate_side_by_side(url: str) -> None:
    opened = [Database(url) for _ in range(3)]
    await asyncio.gather(*(database.open() for database in opened))
    for database in opened:
        async with database.read() as conn:
            assert await calls.count_live(conn) == 0
        await database.close()


async def test_several_databases_of_one_process_may_open_at_once(tmp_path: Path) -> None:
    opened = [Database(f"sqlite:///{tmp_path}/{n}.db") for n in range(4)]
    await asyncio.gather(*(database.open() for database in opened))
    for database in opened:
        async with database.read() as conn:
            assert await calls.count_live(conn) == 0
        await database.close()


async def test_sqlite_is_opened_for_safety(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/folder/store.db")
    await database.open()
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    async with database.write() as conn:
        found = {
            name: (await conn.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in wanted
        }
    await database.close()
    assert found == wanted


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x55" * 8192 + whole[12288:])
    with pytest.raises(ConfigurationError, match=r"store\.db.*LINECARD_DATABASE_URL"):
        await Database(f"sqlite:///{path}").open()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("not a database, but long enough to be taken for one" * 50)
    with pytest.raises(ConfigurationError, match="not a database"):
        await Database(f"sqlite:///{path}").open()


async def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unable to open database file"):
        await Database(f"sqlite:///{tmp_path}").open()


async def test_an_unreachable_postgresql_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://linecard:hush-hush@/nowhere?host={tmp_path}"
    with pytest.raises(ConfigurationError, match="LINECARD_DATABASE_URL") as caught:
        await Database(url).open()
    assert "hush-hush" not in str(caught.value)


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    await database.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="9999"):
        await Database(f"sqlite:///{path}").open()


async def test_postgresql_may_restart_under_us(
    postgres: MakeDatabase, postgresql_template: str, make_call: Callable[..., Call]
) -> None:
    database = Database(postgres.create(postgresql_template))
    async with database.write() as conn:
        await calls.add(conn, make_call())
    async with database.read() as conn:
        await conn.execute(text(KILL_THE_OTHERS))
    async with database.write() as conn:
        assert await calls.get(conn, "call-1") is not None
    await database.close()


async def test_a_writer_gives_up_on_a_file_that_another_process_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    path = tmp_path / "store.db"
    database = Database(lay_out(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            async with database.write():
                pass
    async with database.write() as conn:
        assert await calls.count_live(conn) == 0
    await database.close()
