"""The recordings of a call."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from linecard.calls import Call
from linecard.errors import NotFound
from linecard.store import Database, Recording, calls, recordings
from linecard.store.recordings import Copy

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Report = Callable[["AsyncConnection"], Awaitable[Recording]]

REPORTS: tuple[Report, ...] = (
    lambda conn: recordings.started(conn, "call-1", "R", AT, by="agent"),
    lambda conn: recordings.failed(conn, "call-1", "R"),
    lambda conn: recordings.ready(conn, "call-1", "R", "https://x/R.mp3", 9000, AT),
    lambda conn: recordings.ready(conn, "call-1", "R", "https://x/R.mp3", None, AT),
)
IN_THE_END = Recording(
    call="call-1",
    n=1,
    recording="R",
    status="completed",
    url="https://x/R.mp3",
    duration_ms=9000,
    started_at=AT,
    told_at=AT,
    by="agent",
)


@pytest.fixture
async def recorded(database: Database, make_call: Callable[..., Call]) -> Database:
    """A database with a call to record."""
    async with database.write() as conn:
        await calls.add(conn, make_call())
    return database


async def test_reports_in_any_order_end_in_the_same_record(recorded: Database) -> None:
    for order in itertools.permutations(REPORTS):
        async with recorded.write() as conn:
            for report in order:
                await report(conn)
            assert await recordings.of_call(conn, "call-1") == [IN_THE_END]
            await conn.rollback()


async def test_recordings_are_numbered_from_one(recorded: Database) -> None:
    async with recorded.write() as conn:
        await recordings.started(conn, "call-1", "A", AT)
        await recordings.ready(conn, "call-1", "B", "https://x/B.mp3", None, AT)
        await recordings.started(conn, "call-1", "A", AT)
        listed = await recordings.of_call(conn, "call-1")
        assert [(one.n, one.recording, one.status) for one in listed] == [
            (1, "A", "recording"),
            (2, "B", "completed"),
        ]
        assert await recordings.get(conn, "call-1", 2) == listed[1]
        assert await recordings.get(conn, "call-1", 3) is None


async def test_a_stopped_recording_waits_for_its_file(recorded: Database) -> None:
    async with recorded.write() as conn:
        await recordings.started(conn, "call-1", "R", AT)
        (stopped,) = await recordings.running_ended(conn, "call-1", "ended by a transfer")
        assert (stopped.status, stopped.reason) == ("stopped", "ended by a transfer")
        assert (await recordings.started(conn, "call-1", "R", AT)).status == "stopped"
        assert await recordings.running_ended(conn, "call-1") == []
        assert (await recordings.failed(conn, "call-1", "R", absent=True)).status == "absent"
        ready = await recordings.ready(conn, "call-1", "R", "https://x/R.wav", 9, AT)
        assert (ready.status, ready.reason) == ("completed", None)
        assert (await recordings.failed(conn, "call-1", "R", "late")).status == "completed"


async def test_a_pause_is_over_when_it_is_said_and_not_by_a_late_report(recorded: Database) -> None:
    async with recorded.write() as conn:
        await recordings.started(conn, "call-1", "R", AT)
        assert [one.status for one in await recordings.paused(conn, "call-1")] == ["paused"]
        assert (await recordings.started(conn, "call-1", "R", AT)).status == "paused"
        assert [one.status for one in await recordings.resumed(conn, "call-1")] == ["recording"]
        assert await recordings.resumed(conn, "call-1") == []


async def test_a_file_in_another_storage_is_external(recorded: Database) -> None:
    async with recorded.write() as conn:
        await recordings.started(conn, "call-1", "R", AT)
        await recordings.held_elsewhere(conn, "call-1", 1, "too early")
        assert (await recordings.of_call(conn, "call-1"))[0].status == "recording"
        await recordings.ready(conn, "call-1", "R", "https://x/R.wav", 9, AT)
        await recordings.held_elsewhere(conn, "call-1", 1, "on bucket.example")
        (one,) = await recordings.of_call(conn, "call-1")
        assert (one.status, one.reason) == ("external", "on bucket.example")


async def test_a_file_counts_from_when_it_was_first_told(recorded: Database) -> None:
    async with recorded.write() as conn:
        await recordings.started(conn, "call-1", "R", AT)
        assert (await recordings.of_call(conn, "call-1"))[0].told_at is None
        await recordings.ready(conn, "call-1", "R", "https://x/R.wav", 9, AT)
        later = AT + timedelta(days=3)
        again = await recordings.ready(conn, "call-1", "R", "https://x/R.wav", 9, later)
        assert again.told_at == AT


async def test_our_copy_is_noted(recorded: Database) -> None:
    async with recorded.write() as conn:
        await recordings.started(conn, "call-1", "A", AT)
        copy = Copy(kept_as="A.mp3", bytes=7, sha256="ab", kept_at=AT, copy_ms=9, flaw="short")
        kept = await recordings.keep(conn, "call-1", 1, copy)
        assert (kept.kept_as, kept.bytes, kept.sha256, kept.kept_at) == ("A.mp3", 7, "ab", AT)
        assert (kept.copy_ms, kept.flaw) == (9, "short")
        assert await recordings.get(conn, "call-1", 1) == kept
        with pytest.raises(NotFound, match="call-1/2"):
            await recordings.keep(conn, "call-1", 2, copy)
