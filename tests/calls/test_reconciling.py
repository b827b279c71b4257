"""Asking the carrier about doubtful calls is durable work: one job for each, until its call is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from linecard.calls import CallStatus
from linecard.exchange import outbox as durable
from linecard.exchange import reconciling
from linecard.outbound.settle import EVERY_SECONDS, GAP_SECONDS
from linecard.simulator.ledger import What
from linecard.store import outbox
from linecard.store.instances import Instance
from linecard.store.outbox import Job
from linecard.store.tables import outbox as table
from linecard.tokens import new_id
from linecard.wall import now
from tests.calls.faulty import fault
from tests.calls.telephone import CUSTOMER, Telephone, telephone
from tests.calls.test_settling import RINGS, age, lost, never_placed, write

TOO_OFTEN = 8


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[Telephone]:
    async with telephone(tmp_path) as running:
        await running.register()
        yield running


async def job_of(world: Telephone, call_id: str) -> Job | None:
    async with world.exchange.database.read() as conn:
        return await outbox.get(conn, f"{reconciling.RECONCILE}:{call_id}")


async def asked(world: Telephone, call_id: str) -> Job:
    """The job of a doubtful call, once the carrier has been asked and it waits for its next turn."""
    await reconciling.find(world.exchange)
    await world.eventually(lambda: _waits(world, call_id))
    job = await job_of(world, call_id)
    assert job is not None
    return job


async def _waits(world: Telephone, call_id: str) -> bool:
    job = await job_of(world, call_id)
    seconds = EVERY_SECONDS / world.exchange.clock.speed
    soon = world.exchange.now() + timedelta(seconds=seconds)
    return job is not None and world.exchange.now() < job.due_at <= soon


async def due_now(world: Telephone, call_id: str) -> None:
    """Let the next turn of a job have come."""
    name = f"{reconciling.RECONCILE}:{call_id}"
    async with world.exchange.database.write() as conn:
        changed = {"due_at": world.exchange.now()}
        await conn.execute(update(table).where(table.c.key == name).values(changed))
    world.exchange.work_is_due.set()


async def test_the_carrier_is_asked_ever_more_rarely(world: Telephone) -> None:
    call = await never_placed(world, CUSTOMER)
    first = await asked(world, call["id"])
    times = len(look_ups(world, CUSTOMER))
    assert times
    await reconciling.find(world.exchange)
    assert await job_of(world, call["id"]) == first
    assert len(look_ups(world, CUSTOMER)) == times
    await age(world, call["id"], timedelta(hours=8))
    await due_now(world, call["id"])
    await world.eventually(lambda: len(look_ups(world, CUSTOMER)) > times)
    hour = timedelta(seconds=3600 / world.exchange.clock.speed)
    await world.eventually(lambda: _is_due_after(world, call["id"], hour * 0.9))


async def _is_due_after(world: Telephone, call_id: str, wait: timedelta) -> bool:
    job = await job_of(world, call_id)
    return job is not None and job.due_at > world.exchange.now() + wait


async def test_look_ups_that_fail_are_never_given_up(world: Telephone) -> None:
    call = await lost(world, CUSTOMER, RINGS)
    with fault(world, "^GET ", error_before=1):
        for _ in range(TOO_OFTEN):
            await asked(world, call["id"])
            await due_now(world, call["id"])
            await world.eventually(partial(_has_asked, world, len(look_ups(world, CUSTOMER))))
    job = await asked(world, call["id"])
    assert (job.state, job.attempts) == ("waiting", 0)
    await due_now(world, call["id"])
    await world.until(call["id"], lambda one: one["status"] == "dialing")


async def _has_asked(world: Telephone, before: int) -> bool:
    return len(look_ups(world, CUSTOMER)) > before


async def test_a_job_is_done_once_its_call_is_over(world: Telephone) -> None:
    call = await lost(world, CUSTOMER, RINGS)
    await reconciling.find(world.exchange)
    await world.until(call["id"], lambda one: one["status"] == "dialing")
    assert (await world.api.post(f"/api/calls/{call['id']}/hangup")).status_code == 202
    await world.ended(call["id"])
    await due_now(world, call["id"])
    await world.eventually(lambda: _is_done(world, call["id"]))
    await reconciling.find(world.exchange)
    assert await _is_done(world, call["id"])


async def _is_done(world: Telephone, call_id: str) -> bool:
    job = await job_of(world, call_id)
    return job is not None and job.state == "done"


async def test_the_job_of_another_live_process_is_left_to_it(
    world: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    here, there = (
        Instance(name=name, url=f"http://10.0.0.1:{port}", started_at=at, seen_at=at)
        for name, port in (("here", 1), ("there", 2))
    )
    held = await silent(world, owner="there")
    monkeypatch.setattr(world.exchange.instances, "own", here)
    monkeypatch.setattr(world.exchange.instances, "_known", {"there": there})
    async with world.exchange.database.write() as conn:
        name = reconciling.RECONCILE
        assert await durable.put(world.exchange, conn, name, held, call_id=held)
    world.exchange.work_is_due.set()
    mine = await silent(world)
    await reconciling.find(world.exchange)
    await world.until(mine, lambda one: one["status"] == "failed")
    assert (await world.call(held))["status"] == "ringing"
    monkeypatch.setattr(world.exchange.instances, "_known", {})
    await world.until(held, lambda one: one["status"] == "failed")


async def silent(world: Telephone, **more: Any) -> str:
    """A call that the carrier knows no more, long after it should have moved on."""
    ids = {"call_uuid": new_id()}
    call_id = await write(world, CUSTOMER, status=CallStatus.RINGING, carrier_ids=ids, **more)
    await age(world, call_id, timedelta(minutes=32))
    return call_id


async def test_a_carrier_is_not_flooded_after_an_outage(world: Telephone) -> None:
    left = [await silent(world) for _ in range(5)]
    await reconciling.find(world.exchange)
    for call_id in left:
        await world.until(call_id, lambda one: one["status"] == "failed")
    uuids = [(await world.call(one))["carrier_ids"]["call_uuid"] for one in left]
    requests = world.carrier.ledger.all(What.REQUEST, method="GET")
    first = [next(one.at for one in requests if uuid in str(one.facts)) for uuid in uuids]
    pauses = [after - before for before, after in pairwise(sorted(first))]
    assert min(pauses) >= GAP_SECONDS


def look_ups(world: Telephone, customer: str) -> list[object]:
    seen = world.carrier.ledger.all(What.REQUEST, method="GET")
    return [entry for entry in seen if f"to_number={customer[1:]}" in str(entry.facts["query"])]
