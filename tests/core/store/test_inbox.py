"""Carrier events, each once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from linecard.store import Database, Entry, inbox
from linecard.testing.laid_out import lay_out

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def put(
    database: Database, key: str, call_id: str | None = None, account: str = "main"
) -> bool:
    async with database.write() as conn:
        return await inbox.put(conn, "acme", account, key, call_id, {"event": key}, AT)


async def test_a_repeat_is_known(database: Database) -> None:
    assert await put(database, "ended:1", "call-1")
    assert not await put(database, "ended:1", "call-1")
    assert not await put(database, "ended:1", "call-2")
    assert not await put(database, "ended:1")
    assert await put(database, "ended:1", "call-1", account="second")
    assert await put(database, "ended:2", "call-1")


async def test_of_repeats_at_once_one_is_new(database: Database) -> None:
    results = await asyncio.gather(*(put(database, "ended:1", "call-1") for _ in range(8)))
    assert sorted(results) == [False] * 7 + [True]


async def test_an_event_of_no_known_call_is_kept_and_is_news_once_the_call_is_known(
    database: Database,
) -> None:
    assert await put(database, "ended:1")
    assert not await put(database, "ended:1")
    entry = Entry(
        provider="acme",
        account="main",
        key="ended:1",
        call_id=None,
        payload={"event": "ended:1"},
        at=AT,
    )
    async with database.read() as conn:
        assert await inbox.unmatched(conn) == [entry]
    assert await put(database, "ended:1", "call-1")
    assert not await put(database, "ended:1", "call-1")
    async with database.read() as conn:
        assert await inbox.unmatched(conn) == []


async def test_a_calls_events_stand_oldest_first(database: Database) -> None:
    await put(database, "b", "call-1")
    await put(database, "a", "call-1")
    await put(database, "c", "call-2")
    async with database.read() as conn:
        assert [one.key for one in await inbox.of_call(conn, "call-1")] == ["a", "b"]


async def test_what_a_carrier_tells_of_no_known_call_is_found_by_its_name(
    database: Database,
) -> None:
    async with database.write() as conn:
        for key, name in (("a", "CA_1"), ("b", "CA11"), ("c", "CA_1")):
            payload = {"event": key, "carrier_ids": {"sid": name}, "note": "CA_1"}
            await inbox.put(conn, "acme", "main", key, None, payload, AT)
        known = {"event": "d", "carrier_ids": {"sid": "CA_1"}}
        await inbox.put(conn, "acme", "main", "d", "call-1", known, AT)
    async with database.read() as conn:
        assert [one.key for one in await inbox.of_stranger(conn, "CA_1")] == ["a", "c"]
        assert await inbox.of_stranger(conn, "A_") == []


async def test_what_waits_for_its_call_is_found_without_reading_what_does_not(
    tmp_path: Path,
) -> None:
    """The account's whole past was read once, each time a call came in."""
    database = Database(lay_out(tmp_path / "store.db"))
    async with database.read() as conn:
        text = inbox._OF_NOBODY.compile(dialect=conn.dialect).string
        sql = f"EXPLAIN QUERY PLAN {text}"
        plan = [
            row[-1] for row in await conn.exec_driver_sql(sql, ("", "acme", "", "main", str(AT)))
        ]
    await database.close()
    assert plan[0] == "SEARCH inbox USING INDEX ix_inbox_call_id (call_id=?)"
