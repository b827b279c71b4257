"""Durable work: once by its key, leased, one of a queue at a time, given up in the open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from linecard.calls import Call
from linecard.store import Database, calls, outbox
from linecard.store.outbox import Job

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def job(key: str, **changes: object) -> Job:
    values: dict[str, object] = {"kind": "k", "key": key, "due_at": AT, "created_at": AT}
    return Job(**values | changes)  # type: ignore[arg-type]


async def put(database: Database, *jobs: Job) -> list[bool]:
    async with database.write() as conn:
        return [await outbox.put(conn, one) for one in jobs]


async def lease(database: Database, at: datetime = AT, busy: tuple[str, ...] = ()) -> list[str]:
    async with database.write() as conn:
        return [one.key for one in await outbox.lease(conn, at, at + MINUTE, busy)]


async def test_a_key_is_taken_once(database: Database) -> None:
    assert await put(database, job("a"), job("a"), job("b")) == [True, False, True]
    assert await lease(database) == ["a", "b"]


async def test_what_is_leased_is_due_again_when_the_lease_ends(database: Database) -> None:
    await put(database, job("a", payload={"n": 1}), job("later", due_at=AT + 10 * MINUTE))
    assert await lease(database) == ["a"]
    assert await lease(database) == []
    assert await lease(database, AT + MINUTE) == ["a"]
    async with database.read() as conn:
        found = await outbox.get(conn, "a")
    assert found is not None
    assert (found.attempts, found.payload) == (2, {"n": 1})


async def test_what_is_put_off_is_due_no_sooner_and_never_comes_earlier(database: Database) -> None:
    await put(database, job("a"), job("b", due_at=AT + 3 * MINUTE), job("done"))
    async with database.write() as conn:
        await outbox.cancel(conn, "done")
        for key in ("a", "b", "done", "unknown"):
            await outbox.delay(conn, key, AT + 2 * MINUTE)
    assert await lease(database, AT + MINUTE) == []
    assert await lease(database, AT + 2 * MINUTE) == ["a"]
    assert await lease(database, AT + 3 * MINUTE) == ["a", "b"]


async def test_a_queue_gives_one_at_a_time(database: Database) -> None:
    await put(database, job("a", queue="h"), job("b", queue="h"), job("c", queue="i"), job("d"))
    assert await lease(database, busy=("i",)) == ["a", "d"]
    assert await lease(database, busy=("h",)) == ["c"]


async def test_the_work_of_calls_that_others_hold_is_left_to_them(
    database: Database, make_call: Callable[..., Call]
) -> None:
    held = {"mine": "here", "theirs": "there", "nobodys": None}
    made = {name: make_call(owner=owner) for name, owner in held.items()}
    async with database.write() as conn:
        for one in made.values():
            await calls.add(conn, one)
    await put(database, *(job(name, call_id=one.id) for name, one in made.items()))
    await put(database, job("no call", call_id="gone"), job("no call at all"))
    async with database.write() as conn:
        assert await outbox.is_due(conn, AT, (), ("there",))
        leased = await outbox.lease(conn, AT, AT + MINUTE, (), ("there", "elsewhere"))
        assert [one.key for one in leased] == ["mine", "nobodys", "no call", "no call at all"]
        assert not await outbox.is_due(conn, AT, (), ("there",))
        assert [one.key for one in await outbox.lease(conn, AT, AT + MINUTE)] == ["theirs"]


async def test_what_is_done_or_given_up_is_not_due(database: Database) -> None:
    await put(database, job("a"), job("b"), job("c"), job("d"))
    async with database.write() as conn:
        first, second, third, _ = await outbox.lease(conn, AT, AT + MINUTE)
        await outbox.done(conn, first.id)
        await outbox.dead(conn, second.id, "no such host")
        await outbox.again(conn, third.id, AT + 2 * MINUTE, "busy")
        await outbox.cancel(conn, "d")
        assert [one.error for one in await outbox.given_up(conn)] == ["no such host"]
        assert await outbox.count(conn, "done") == 2
    assert await lease(database, AT + MINUTE) == []
    assert await lease(database, AT + 2 * MINUTE) == ["c"]
    async with database.write() as conn:
        await outbox.sweep(conn, AT + MINUTE)
        assert await outbox.count(conn, "done") == 0
        assert await outbox.count(conn, "dead") == 1


async def test_two_at_once_never_take_the_same(database: Database) -> None:
    await put(database, *(job(f"{number}") for number in range(60)))
    taken = await asyncio.gather(*(lease(database) for _ in range(4)))
    every = [key for keys in taken for key in keys]
    assert len(every) == len(set(every)) == 60
