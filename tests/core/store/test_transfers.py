"""Transfers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from linecard.calls import Call
from linecard.errors import NotFound
from linecard.events import TransferResult
from linecard.store import Database, Transfer, calls, transfers

FIRST = Transfer(
    id="t1",
    call="call-1",
    targets=("+14155550142", "sip:desk@cc.example.com"),
    mode="cold",
    ring_seconds=25,
    state="waiting",
    result=None,
    created_at=datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
)
SECOND = replace(FIRST, id="t2", created_at=FIRST.created_at + timedelta(seconds=1))


@pytest.fixture
async def called(database: Database, make_call: Callable[..., Call]) -> Database:
    """A database with a call."""
    async with database.write() as conn:
        await calls.add(conn, make_call())
    return database


async def test_a_transfer_comes_back_as_it_was(called: Database) -> None:
    async with called.write() as conn:
        await transfers.add(conn, FIRST)
        assert await transfers.get(conn, "t1") == FIRST
        assert await transfers.get(conn, "t2") is None


async def test_a_transfer_moves_on(called: Database) -> None:
    async with called.write() as conn:
        await transfers.add(conn, FIRST)
        moved = await transfers.update(conn, "t1", state="ended", result=TransferResult.BUSY)
        assert moved == replace(FIRST, state="ended", result=TransferResult.BUSY)
        assert await transfers.get(conn, "t1") == moved
        with pytest.raises(NotFound, match="t2"):
            await transfers.update(conn, "t2", state="ended")
        with pytest.raises(TypeError, match="call"):
            await transfers.update(conn, "t1", call="other")


async def test_the_pending_one_waits_for_its_document(called: Database) -> None:
    async with called.write() as conn:
        assert await transfers.pending(conn, "call-1") is None
        await transfers.add(conn, SECOND)
        await transfers.add(conn, FIRST)
        assert await transfers.of_call(conn, "call-1") == [FIRST, SECOND]
        assert await transfers.pending(conn, "call-1") == SECOND
        await transfers.update(conn, "t2", state="dialing")
        assert await transfers.pending(conn, "call-1") == FIRST
