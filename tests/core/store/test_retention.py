"""What is old goes in small batches, by indexes, and nothing that is needed: on both databases, with a moved clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, func, insert, select, text

from linecard.calls import Call, CallStatus
from linecard.exchange.context import Exchange
from linecard.exchange.forgetting import jobs
from linecard.exchange.retention import Retention
from linecard.flight.keeping import file_of
from linecard.store import (
    calls,
    documents,
    idempotency,
    inbox,
    live,
    outbox,
    recordings,
    retention,
    timeline,
)
from linecard.store.outbox import Job
from linecard.store.tables import metadata

MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MakeCall = Callable[..., Call]
OVER: dict[str, Any] = {
    "status": CallStatus.COMPLETED,
    "created_at": MORNING,
    "ended_at": MORNING + timedelta(minutes=3),
}


async def keep(exchange: Exchange, call: Call, *, waiting: bool = False) -> None:
    """A call with something of every kind."""
    async with exchange.database.write() as conn:
        await calls.add(conn, call)
        await calls.add_ids(conn, call, {"uuid": call.id})
        await timeline.append(conn, call.id, "leg-ended", {}, MORNING)
        await inbox.put(conn, "acme", "main", f"{call.id}:end", call.id, {"e": 1}, MORNING)
        await documents.put(conn, call.id, "answer", "", 200, "text/xml", b"<a/>")
        await recordings.ready(conn, call.id, "rec", "https://x.example/rec", 1, MORNING)
        await idempotency.keep(conn, f"key {call.id}", "hash", call.id, MORNING)
        job = Job(kind="poll", key=call.id, due_at=MORNING, call_id=call.id, created_at=MORNING)
        await outbox.put(conn, job)
        if not waiting:
            kept = await outbox.get(conn, call.id)
            assert kept is not None
            await outbox.done(conn, kept.id)


async def counts(exchange: Exchange, *names: str) -> list[int]:
    async with exchange.database.read() as conn:
        return [
            (
                await conn.execute(select(func.count()).select_from(metadata.tables[name]))
            ).scalar_one()
            for name in names
        ]


async def ids(exchange: Exchange) -> set[str]:
    async with exchange.database.read() as conn:
        return {call.id for call in (await calls.page(conn, 200, None)).items}


async def test_a_call_goes_when_its_day_has_come_with_all_that_it_has(
    exchange: Exchange, make_call: MakeCall
) -> None:
    call = make_call(**OVER)
    await keep(exchange, call)
    sweeper = Retention(exchange)
    await sweeper.sweep(MORNING + 400 * DAY)
    assert await ids(exchange) == {call.id}
    assert await counts(exchange, "timeline", "recordings") == [1, 1]
    await sweeper.sweep(MORNING + 401 * DAY)
    assert await ids(exchange) == set()
    rest = [name for name in metadata.tables if name not in ("outbox", "numbers", "blocklist")]
    assert await counts(exchange, *rest) == [0] * len(rest)
    async with exchange.database.read() as conn:
        left = (await conn.execute(select(metadata.tables["outbox"].c.kind))).scalars().all()
    assert left == [jobs.ERASE_RECORDING]


def keep_recordings(exchange: Exchange, days: int) -> Retention:
    """The sweep of a server that was started with so many days."""
    object.__setattr__(exchange.settings, "keep_recordings_days", days)
    return Retention(exchange)


async def recording_of(exchange: Exchange, call: Call) -> str:
    async with exchange.database.read() as conn:
        (one,) = await recordings.of_call(conn, call.id)
    return one.status


async def test_recordings_go_by_the_days_that_are_set_now_and_not_by_those_of_then(
    exchange: Exchange, make_call: MakeCall
) -> None:
    """Longer, for ever, shorter: what is there already obeys, whatever was set when it came."""
    old = make_call(**OVER)
    await keep(exchange, old)
    await keep_recordings(exchange, 30).sweep(MORNING + 29 * DAY)
    assert await recording_of(exchange, old) == "completed"
    await keep_recordings(exchange, 60).sweep(MORNING + 31 * DAY)
    await keep_recordings(exchange, 0).sweep(MORNING + 399 * DAY)
    assert await recording_of(exchange, old) == "completed"
    await keep_recordings(exchange, 10).sweep(MORNING + 11 * DAY)
    assert await recording_of(exchange, old) == "deleted"
    async with exchange.database.read() as conn:
        job = await outbox.get(conn, f"delete-recording:{old.id}/1")
        names = [line.name for line in await timeline.of_call(conn, old.id)]
    assert job is not None
    assert job.payload == {"recording": "rec"}
    assert names.count("recording-expired") == 1


async def test_an_old_recording_is_put_away_once(exchange: Exchange, make_call: MakeCall) -> None:
    await keep(exchange, make_call(**OVER))
    for day in (11, 12):
        await keep_recordings(exchange, 10).sweep(MORNING + day * DAY)
    assert exchange.metrics.purged.labels("recordings")._value.get() == 1
    async with exchange.database.read() as conn:
        lines = await timeline.of_call(conn, (await calls.page(conn, 9, None)).items[0].id)
    assert [line.facts for line in lines if line.name == "recording-expired"] == [
        {"n": 1, "days": 10}
    ]


async def test_a_call_stays_for_as_long_as_its_recording_is_to(
    exchange: Exchange, make_call: MakeCall
) -> None:
    call = make_call(**OVER)
    await keep(exchange, call)
    await keep_recordings(exchange, 500).sweep(MORNING + 450 * DAY)
    assert await recording_of(exchange, call) == "completed"
    await keep_recordings(exchange, 420).sweep(MORNING + 450 * DAY)
    assert await recording_of(exchange, call) == "deleted"
    assert await ids(exchange) == {call.id}, "its files are not deleted yet"
    async with exchange.database.write() as conn:
        job = await outbox.get(conn, f"delete-recording:{call.id}/1")
        assert job is not None
        await outbox.done(conn, job.id)
    await keep_recordings(exchange, 420).sweep(MORNING + 450 * DAY)
    assert await ids(exchange) == set()


async def test_payloads_go_sooner_and_what_is_said_of_the_call_stays(
    exchange: Exchange, make_call: MakeCall
) -> None:
    await keep(exchange, make_call(**OVER))
    async with exchange.database.write() as conn:
        await inbox.put(conn, "acme", "main", "stray", None, {"from": "+1"}, MORNING)
    await Retention(exchange).sweep(MORNING + 29 * DAY)
    assert await counts(exchange, "inbox", "documents", "outbox") == [2, 1, 1]
    assert await counts(exchange, "idempotency_keys") == [0]
    await Retention(exchange).sweep(MORNING + 31 * DAY)
    assert await counts(exchange, "inbox", "documents", "outbox") == [0, 0, 0]
    assert await counts(exchange, "calls", "timeline", "recordings") == [1, 1, 1]
    purged = exchange.metrics.purged.labels("payloads")._value.get()
    assert purged == 2


@pytest.mark.parametrize("status", live.LIVE)
async def test_nothing_of_a_call_that_is_not_over_goes(
    exchange: Exchange, make_call: MakeCall, status: CallStatus
) -> None:
    call = make_call(status=status, created_at=MORNING)
    await keep(exchange, call)
    await Retention(exchange).sweep(MORNING + 1000 * DAY)
    assert await ids(exchange) == {call.id}
    assert await counts(exchange, "inbox", "documents", "timeline") == [1, 1, 1]


async def test_a_call_that_work_still_waits_for_stays(
    exchange: Exchange, make_call: MakeCall
) -> None:
    await keep(exchange, make_call(**OVER), waiting=True)
    await Retention(exchange).sweep(MORNING + 1000 * DAY)
    assert await counts(exchange, "calls", "outbox") == [1, 1]


async def test_a_late_end_counts_from_the_end(exchange: Exchange, make_call: MakeCall) -> None:
    await keep(exchange, make_call(**{**OVER, "ended_at": MORNING + 2 * DAY}))
    await Retention(exchange).sweep(MORNING + 401 * DAY)
    assert await counts(exchange, "calls") == [1]


async def test_what_is_kept_for_ever_stays(exchange: Exchange, make_call: MakeCall) -> None:
    object.__setattr__(exchange.settings.keep_days, "calls", 0)
    object.__setattr__(exchange.settings.keep_days, "payloads", 0)
    await keep(exchange, make_call(**OVER))
    await Retention(exchange).sweep(MORNING + 9000 * DAY)
    assert await counts(exchange, "calls", "inbox", "documents") == [1, 1, 1]


async def test_flight_records_go_when_their_days_are_over(
    exchange: Exchange, tmp_path: Path
) -> None:
    folder = tmp_path / "flights"
    folder.mkdir()
    object.__setattr__(exchange.settings, "flight_dir", str(folder))
    object.__setattr__(exchange.settings.keep_days, "flights", 7)
    for call_id, age in (("a" * 20, 8 * DAY), ("b" * 20, 6 * DAY)):
        file = file_of(folder, call_id, packed=True)
        file.write_bytes(b"")
        written = (MORNING - age).timestamp()
        os.utime(file, (written, written))
    await Retention(exchange).sweep(MORNING)
    assert list(folder.iterdir()) == [file_of(folder, "b" * 20, packed=True)]
    object.__setattr__(exchange.settings.keep_days, "flights", 0)
    await Retention(exchange).sweep(MORNING + 9000 * DAY)
    assert list(folder.iterdir())


async def test_many_go_batch_by_batch(
    exchange: Exchange, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for _ in range(7):
        await keep(exchange, make_call(**OVER))
    young = make_call(**{**OVER, "created_at": MORNING + 9 * DAY, "ended_at": MORNING + 9 * DAY})
    await keep(exchange, young)
    await Retention(exchange).sweep(MORNING + 402 * DAY)
    assert await ids(exchange) == {young.id}


INDEXES: dict[str, tuple[Callable[[datetime], Select[Any]], tuple[str, ...]]] = {
    "recordings": (retention.old_recordings, ("ix_recordings_status",)),
    "recorded calls": (
        lambda before: retention.old_calls(before, before),
        ("ix_calls_created_at", "recordings"),
    ),
    "calls": (retention.old_calls, ("ix_calls_created_at", "ix_outbox_call_id")),
    "payloads": (retention.old_payloads, ("ix_inbox_at",)),
    "notifications": (retention.old_notifications, ("ix_notifications_state",)),
    "jobs": (retention.old_jobs, ("ix_outbox_due",)),
    "idempotency_keys": (retention.old_keys, ("ix_idempotency_keys_at",)),
    "stream_claims": (retention.old_claims, ("ix_stream_claims_claimed_at",)),
}


@pytest.fixture
async def crowded(exchange: Exchange, make_call: MakeCall) -> Exchange:
    """As many rows as a planner takes seriously, nearly all of them young."""
    young = MORNING + 400 * DAY
    rows = [
        {
            **{f: getattr(one, f) for f in one.__dataclass_fields__},
            "id": f"c{n}",
            "created_at": young,
        }
        for n, one in ((n, make_call(**OVER)) for n in range(2000))
    ]
    events = [
        {
            "provider": "a",
            "account": "m",
            "key": f"{n}",
            "call_id": f"c{n}",
            "payload": {},
            "at": young,
        }
        for n in range(2000)
    ]
    files = [
        {
            "call": f"c{n}",
            "n": 1,
            "recording": "r",
            "status": "completed",
            "by": "",
            "told_at": young,
        }
        for n in range(2000)
    ]
    async with exchange.database.write() as conn:
        await conn.execute(insert(metadata.tables["calls"]), rows)
        await conn.execute(insert(metadata.tables["inbox"]), events)
        await conn.execute(insert(metadata.tables["recordings"]), files)
        await conn.execute(text("ANALYZE"))
    return exchange


async def test_what_is_old_is_found_by_an_index(crowded: Exchange) -> None:
    async with crowded.database.write() as conn:
        sqlite = conn.dialect.name == "sqlite"
        if not sqlite:  # tables this small are read whole, whatever there is to find
            await conn.execute(text("SET LOCAL enable_seqscan = off"))
        for make, wanted in INDEXES.values():
            literal = {"literal_binds": True}
            compiled = make(MORNING).compile(dialect=conn.dialect, compile_kwargs=literal)
            explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
            rows = await conn.execute(text(f"{explain} {compiled}"))
            plan = "\n".join(map(str, rows.all()))
            assert all(index in plan for index in wanted), plan
            assert "SCAN" not in plan, plan
