"""One live stream per token."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from linecard.store import Database, claims

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def claim(database: Database, stream: str, after: float = 0, call: str = "call-1") -> bool:
    async with database.write() as conn:
        at = AT + timedelta(seconds=after)
        return await claims.claim(conn, "token", call, stream, at)


async def release(database: Database, after: float) -> None:
    async with database.write() as conn:
        await claims.release(conn, "token", AT + timedelta(seconds=after))


async def is_taken(database: Database) -> bool:
    async with database.read() as conn:
        return await claims.is_taken(conn, "token")


async def test_a_live_stream_keeps_its_token(database: Database) -> None:
    assert not await is_taken(database)
    assert await claim(database, "s1")
    assert await is_taken(database)
    assert not await claim(database, "s2", after=3600)


async def test_a_token_may_be_claimed_again_soon_after_its_stream_died(
    database: Database,
) -> None:
    assert await claim(database, "s1")
    await release(database, after=100)
    assert not await is_taken(database)
    assert await claim(database, "s2", after=130)
    assert await is_taken(database)
    assert not await claim(database, "s3", after=131)


async def test_later_it_may_not(database: Database) -> None:
    assert await claim(database, "s1")
    await release(database, after=100)
    await release(database, after=120)
    assert not await claim(database, "s2", after=131)


async def test_another_call_never_gets_it(database: Database) -> None:
    assert await claim(database, "s1")
    await release(database, after=1)
    assert not await claim(database, "s2", after=2, call="call-2")


async def test_of_claims_at_once_one_wins(database: Database) -> None:
    results = await asyncio.gather(*(claim(database, f"s{n}") for n in range(8)))
    assert sorted(results) == [False] * 7 + [True]
