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
from linecard.transfers import Happening, TransferState

FIRST = Transfer(
    id="t1",
    call="call-1",
    targets=("+14155550142", "sip:desk@cc.example.com"),
    mode="cold",
    ring_seconds=25,
    state=TransferState.WAITING,
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
        busy = TransferResult.BUSY
        moved = await transfers.move(conn, "t1", Happening.OVER, result=busy)
        assert moved == replace(FIRST, state=TransferState.ENDED, result=busy)
        assert await transfers.get(conn, "t1") == moved
        with pytest.raises(NotFound, match="t2"):
            await transfers.update(conn, "t2", result=TransferResult.BUSY)
        with pytest.raises(TypeError, match="state"):
            await transfers.update(conn, "t1", state=TransferState.BRIDGED)
        with pytest.raises(TypeError, match="call"):
            await transfers.update(conn, "t1", call="other")


async def test_the_pending_one_waits_for_its_document(called: Database) -> None:
    async with called.write() as conn:
        assert await transfers.pending(conn, "call-1") is None
        await transfers.add(conn, SECOND)
        await transfers.add(conn, FIRST)
        assert await transfers.of_call(conn, "call-1") == [FIRST, SECOND]
        assert await transfers.pending(conn, "call-1") == SECOND
        await transfers.move(conn, "t2", Happening.DOCUMENT)
        assert await transfers.pending(conn, "call-1") == FIRST


async def test_what_the_table_does_not_allow_changes_nothing(called: Database) -> None:
    async with called.write() as conn:
        await transfers.add(conn, FIRST)
        assert await transfers.move(conn, "t1", Happening.READY) is None
        assert await transfers.move(conn, "t1", Happening.OVER) is not None
        assert await transfers.move(conn, "t1", Happening.CONNECTED) is None
        assert await transfers.move(conn, "t9", Happening.OVER) is None
