"""The database: opening, transactions, and writers that wait for each other."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from linecard.calls import Call
from linecard.errors import ConfigurationError
from linecard.store import Database, calls, timeline


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
    with pytest.raises(LookupError):
        async with database.write() as conn:
            await calls.add(conn, make_call())
            raise LookupError
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
            await conn.execute(text("SELECT 1"))
            await timeline.append(conn, "nobody", "x", {}, NOON)


async def test_read_then_write_from_many_tasks_loses_nothing(
    database: Database, make_call: Callable[..., Call]
) -> None:
    async with database.write() as conn:
        await calls.add(conn, make_call(duration=0))

    async def count_up() -> None:
        async with database.write() as conn:
            call = await calls.get(conn, "call-1")
            assert call is not None
            assert call.duration is not None
            await asyncio.sleep(0)
            await calls.update(conn, call.id, duration=call.duration + 1)

    await asyncio.gather(*(count_up() for _ in range(30)))
    async with database.read() as conn:
        counted = await calls.get(conn, "call-1")
    assert counted is not None
    assert counted.duration == 30


def _count_in_a_process(url: str, times: int) -> None:
    async def run() -> None:
        database = Database(url)
        await database.open()
        for _ in range(times):
            async with database.write() as conn:
                call = await calls.get(conn, "call-1")
                assert call is not None
                assert call.duration is not None
                await calls.update(conn, call.id, duration=call.duration + 1)
        await database.close()

    asyncio.run(run())


async def test_read_then_write_from_many_processes_loses_nothing(
    url: str, make_call: Callable[..., Call]
) -> None:
    database = Database(url)
    await database.open()
    async with database.write() as conn:
        await calls.add(conn, make_call(duration=0))
    codes = await asyncio.to_thread(_in_processes, _count_in_a_process, url, 20)
    async with database.read() as conn:
        counted = await calls.get(conn, "call-1")
    await database.close()
    assert codes == [0, 0, 0]
    assert counted is not None
    assert counted.duration == 60


def _open_in_a_process(url: str, _times: int) -> None:
    async def run() -> None:
        database = Database(url)
        await database.open()
        await database.close()

    asyncio.run(run())


async def test_several_processes_may_start_at_once(url: str) -> None:
    assert await asyncio.to_thread(_in_processes, _open_in_a_process, url, 0) == [0, 0, 0]
    database = Database(url)
    await database.open()
    async with database.read() as conn:
        assert await calls.count_live(conn) == 0
    await database.close()


def _in_processes(target: Callable[[str, int], None], url: str, times: int) -> list[int | None]:
    spawning = multiprocessing.get_context("spawn")
    started = [spawning.Process(target=target, args=(url, times)) for _ in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    return [process.exitcode for process in started]


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
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ConfigurationError, match="9999"):
        await Database(f"sqlite:///{path}").open()


