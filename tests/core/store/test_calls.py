"""Calls and the ids by which carriers know them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import pytest

from linecard.calls import ENDS, Call, CallStatus, Consented, Direction, Machine, MachineKind
from linecard.errors import Conflict, NotFound
from linecard.store import Database, calls, live
from linecard.store.rows import from_row, to_row
from linecard.testing.laid_out import lay_out

MakeCall = Callable[..., Call]
EVENING = datetime(2026, 11, 24, 18, 30, 1, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))


async def test_every_field_of_a_call_comes_back(database: Database, make_call: MakeCall) -> None:
    call = make_call(
        direction=Direction.INBOUND,
        from_=None,
        status=CallStatus.COMPLETED,
        carrier_ids={"id": "A", "request": "B"},
        metadata=MappingProxyType({"order": 7, "tags": ["x", None, {"y": 1.5}]}),
        options={"noise": True},
        record=True,
        machine=Machine.WAIT_FOR_BEEP,
        ring_seconds=30,
        max_seconds=600,
        send_digits="1w2",
        answered_at=EVENING,
        ended_at=EVENING + timedelta(seconds=9),
        duration=9,
        cost="0.0085",
        end_reason="normal",
        outcome="sold",
        closing="agent",
        closing_at=EVENING,
        notify="https://hooks.example.com/calls",
        consent={"say": "May we record?", "accept_key": "1"},
        consented=Consented.GIVEN,
        record_after_transfer=True,
        answered_by=MachineKind.MACHINE,
        answered_word="a carrier's own",
        greeting_over=True,
        voicemail={"sound": "message.wav"},
        enhance="rnnoise",
        owner="a-1f",
    )
    unset = [one.name for one in fields(call) if getattr(call, one.name) == one.default]
    assert unset == [], "give every field a value of its own here"
    async with database.write() as conn:
        await calls.add(conn, call)
    async with database.read() as conn:
        found = await calls.get(conn, call.id)
    assert found == call
    assert found.answered_at is not None
    assert found.answered_at.tzinfo is UTC


async def test_a_call_is_added_once(database: Database, make_call: MakeCall) -> None:
    call = make_call()
    async with database.write() as conn:
        await calls.add(conn, call)
        with pytest.raises(Conflict, match="call-1"):
            await calls.add(conn, call)


async def test_a_call_is_found_by_any_id_of_its_carrier(
    database: Database, make_call: MakeCall
) -> None:
    async with database.write() as conn:
        first, second = make_call(carrier_ids={"id": "A"}), make_call(provider="other")
        await calls.add(conn, first)
        await calls.add(conn, second)
        await calls.add_ids(conn, second, {"id": "A", "request": "R"})
        assert await calls.find(conn, "acme", {"nothing": "A", "id": "A"}) == first
        found = await calls.find(conn, "other", {"request": "R"})
        assert found is not None
        assert found.id == second.id
        for nobody in ({}, {"id": "R"}, {"request": "A"}):
            assert await calls.find(conn, "acme", nobody) is None


async def test_ids_are_merged(database: Database, make_call: MakeCall) -> None:
    async with database.write() as conn:
        call = make_call(carrier_ids={"request": "R"})
        await calls.add(conn, call)
        more = await calls.add_ids(conn, call, {"id": "A"})
        same = await calls.add_ids(conn, call, {"id": "A", "request": "R"})
        stored = await calls.get(conn, call.id)
    assert more.carrier_ids == {"request": "R", "id": "A"}
    assert same == more == stored


async def test_an_id_belongs_to_one_call(database: Database, make_call: MakeCall) -> None:
    async with database.write() as conn:
        first, second = make_call(carrier_ids={"id": "A"}), make_call()
        await calls.add(conn, first)
        await calls.add(conn, second)
        with pytest.raises(Conflict, match=r"call-1.*call-2"):
            await calls.add_ids(conn, second, {"id": "A"})
        with pytest.raises(Conflict, match="call-1"):
            await calls.add(conn, make_call(carrier_ids={"id": "A"}))


async def test_an_id_does_not_change(database: Database, make_call: MakeCall) -> None:
    async with database.write() as conn:
        call = make_call(carrier_ids={"id": "A"})
        await calls.add(conn, call)
        with pytest.raises(Conflict, match="another id"):
            await calls.add_ids(conn, call, {"id": "B"})
        with pytest.raises(NotFound):
            await calls.add_ids(conn, make_call(), {"id": "C"})


async def test_ids_that_come_at_once_are_all_kept(database: Database, make_call: MakeCall) -> None:
    call = make_call()
    async with database.write() as conn:
        await calls.add(conn, call)

    async def add(n: int) -> None:
        async with database.write() as conn:
            await calls.add_ids(conn, call, {f"id{n}": str(n)})

    await asyncio.gather(*(add(n) for n in range(8)))
    async with database.read() as conn:
        found = await calls.get(conn, call.id)
    assert found is not None
    assert found.carrier_ids == {f"id{n}": str(n) for n in range(8)}


async def test_some_fields_change(database: Database, make_call: MakeCall) -> None:
    async with database.write() as conn:
        call = make_call()
        await calls.add(conn, call)
        changed = await calls.update(conn, call.id, status=CallStatus.BUSY, from_=None, closing="x")
        assert changed == replace(call, status=CallStatus.BUSY, from_=None, closing="x")
        assert await calls.get(conn, call.id) == changed
        with pytest.raises(TypeError, match="carrier_ids"):
            await calls.update(conn, call.id, carrier_ids={})
        with pytest.raises(NotFound, match="nobody"):
            await calls.update(conn, "nobody", closing="x")


async def test_text_that_a_database_refuses_is_kept_all_the_same(
    database: Database, make_call: MakeCall
) -> None:
    nasty = "a\0b\ud800'; DROP TABLE calls; --"
    async with database.write() as conn:
        call = make_call(end_reason=nasty, metadata={"said": nasty}, carrier_ids={"id": nasty})
        await calls.add(conn, call)
        found = await calls.find(conn, "acme", {"id": nasty})
    assert found is not None
    assert found.end_reason == "a\ufffdb?'; DROP TABLE calls; --"
    assert found.metadata == {"said": nasty}


async def test_live_calls_are_those_without_an_end(database: Database, make_call: MakeCall) -> None:
    async with database.write() as conn:
        for status in CallStatus:
            await calls.add(conn, make_call(status=status))
        await calls.add(conn, make_call(status=CallStatus.RINGING, number="+4930123456"))
        live = len(CallStatus) - len(ENDS)
        assert await calls.count_live(conn) == live + 1
        assert await calls.count_live(conn, "+14155550100") == live
        assert await calls.live_on_number(conn, "+4930123456") == 1
        assert await calls.live_on_number(conn, "+4930999999") == 0


async def test_dialed_calls_are_counted_from_a_time_on(
    database: Database, make_call: MakeCall
) -> None:
    first, second, third = make_call(), make_call(to="+14155550142"), make_call()
    async with database.write() as conn:
        for call in (first, second, third, make_call(direction=Direction.INBOUND)):
            await calls.add(conn, call)
        assert await calls.count_dialed(conn, first.created_at) == 3
        assert await calls.count_dialed(conn, second.created_at) == 2
        assert await calls.count_dialed(conn, first.created_at, "+14155550199") == 2
        assert await calls.count_dialed(conn, third.created_at + timedelta(seconds=9)) == 0


async def test_two_who_count_and_then_add_do_not_pass_the_limit(
    database: Database, make_call: MakeCall
) -> None:
    async def add_within(limit: int) -> None:
        async with database.write() as conn:
            if await calls.count_live(conn) < limit:
                await asyncio.sleep(0.01)
                await calls.add(conn, make_call())

    await asyncio.gather(*(add_within(3) for _ in range(8)))
    async with database.read() as conn:
        assert await calls.count_live(conn) == 3


async def test_calls_that_are_not_over_come_oldest_first(
    database: Database, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, and calls of one moment too."""
    monkeypatch.setattr(live, "_ORDERED", live._EVERY.order_by(*live.ORDER).limit(2))
    first, over, last = make_call(), make_call(status=CallStatus.BUSY), make_call(closing="asked")
    beside = [make_call(created_at=last.created_at) for _ in range(4)]
    async with database.write() as conn:
        for call in (*beside, last, over, first):
            await calls.add(conn, call)
    found = [row async for row in live.every(database)]
    assert [row.id for row in found] == [first.id, *sorted(one.id for one in (last, *beside))]
    assert found[0] == from_row(live.LiveCallRow, to_row(first))


async def test_calls_are_listed_newest_first_and_may_be_chosen(
    database: Database, make_call: MakeCall
) -> None:
    made = [
        make_call(),
        make_call(status=CallStatus.BUSY),
        make_call(status=CallStatus.BUSY, number="+4930123456"),
    ]
    async with database.write() as conn:
        for call in made:
            await calls.add(conn, call)
        everything = await calls.page(conn, 10, None)
        busy = await calls.page(conn, 10, None, CallStatus.BUSY)
        both = await calls.page(conn, 10, None, status=CallStatus.BUSY, number="+4930123456")
    assert everything.items == tuple(reversed(made))
    assert busy.items == (made[2], made[1])
    assert both.items == (made[2],)


PLANS = {
    "SELECT count(*) FROM calls WHERE status IN ('queued', 'ringing')": "ix_calls_status",
    "SELECT count(*) FROM calls WHERE created_at >= '2026'": "ix_calls_created_at",
    "SELECT count(*) FROM calls WHERE to_number = 'x' AND created_at >= '2026'": "ix_calls_to",
    "SELECT * FROM calls WHERE number = 'x' ORDER BY created_at DESC LIMIT 5": "ix_calls_number",
    "SELECT * FROM timeline WHERE call_id = 'x' ORDER BY id": "ix_timeline_call_id",
    "SELECT call_id FROM carrier_ids WHERE provider = 'p' AND name = 'n' AND value = 'v'": (
        "sqlite_autoindex_carrier_ids"
    ),
}


@pytest.mark.parametrize(("query", "index"), PLANS.items())
def test_hot_queries_use_an_index(tmp_path: Path, query: str, index: str) -> None:
    file = tmp_path / "store.db"
    lay_out(file)
    with closing(sqlite3.connect(file)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    assert index in str(plan)
