"""The loop of durable work: tried again, given up in the open, and gone on with after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from linecard.errors import CarrierUnavailable
from linecard.exchange import durable, lifecycle, outbox
from linecard.exchange.context import Exchange
from linecard.exchange.outbox import GivenUp, Kind, Later, OutboxLoop
from linecard.simulator.phone import Phone
from linecard.simulator.script import Wait
from linecard.store import outbox as jobs
from linecard.store.outbox import Job
from linecard.wall import now
from tests.calls.telephone import CUSTOMER, Telephone, names, telephone

DAY = timedelta(days=1)


class Worker:
    """Fails as often as it is told to, and notes what it was asked."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.seen: list[str] = []
        self.buried: list[str] = []
        self.running = self.most = 0
        self._failures = failures
        self._error = error or CarrierUnavailable("acme", "busy")

    async def work(self, _exchange: Exchange, job: Job) -> None:
        self.seen.append(job.key)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.02)
        self.running -= 1
        if len(self.seen) <= self._failures:
            raise self._error

    async def bury(self, _exchange: Exchange, job: Job) -> None:
        self.buried.append(job.key)

    @property
    def kind(self) -> Kind:
        return Kind(work=self.work, retry_after=(0.0, 0.1, 0.1), buried=self.bury)


Hire = Callable[[Worker], Worker]


@pytest.fixture
def hire(monkeypatch: pytest.MonkeyPatch) -> Hire:
    """Give the loop a worker for the kind `test`."""

    def hired(worker: Worker) -> Worker:
        kinds = {**durable.KINDS, "test": worker.kind}
        monkeypatch.setattr(lifecycle, "KINDS", kinds)
        return worker

    return hired


async def put(world: Telephone, *keys: str, queue: str = "") -> None:
    async with world.exchange.database.write() as conn:
        for key in keys:
            assert await outbox.put(world.exchange, conn, "test", key, queue=queue)


async def state(world: Telephone, key: str) -> str:
    async with world.exchange.database.read() as conn:
        found = await jobs.get(conn, f"test:{key}")
    assert found is not None
    return found.state


async def test_what_fails_is_tried_again(tmp_path: Path, hire: Hire) -> None:
    worker = hire(Worker(2))
    async with telephone(tmp_path) as world:
        await put(world, "a")
        await world.eventually(lambda: _is(world, "a", "done"))
        assert len(worker.seen) == 3


async def test_what_never_works_is_given_up(tmp_path: Path, hire: Hire) -> None:
    worker = hire(Worker(99))
    async with telephone(tmp_path) as world:
        await put(world, "a")
        await world.eventually(lambda: bool(worker.buried))
        assert len(worker.seen) == 4
        assert await state(world, "a") == "dead"


async def test_what_cannot_work_is_tried_once(tmp_path: Path, hire: Hire) -> None:
    worker = hire(Worker(99, GivenUp("the host is not on the internet")))
    async with telephone(tmp_path) as world:
        await put(world, "a")
        await world.eventually(lambda: bool(worker.buried))
        assert len(worker.seen) == 1


class Postponer(Worker):
    """Says itself when it is to be tried again."""

    def __init__(
        self, times: int, seconds: float, *, counts: bool = False, holds: bool = False
    ) -> None:
        super().__init__(0)
        self._times, self._seconds, self._counts, self._holds = times, seconds, counts, holds

    async def work(self, exchange: Exchange, job: Job) -> None:
        await super().work(exchange, job)
        if job.key == "test:a" and self.seen.count(job.key) <= self._times:
            due = exchange.later(self._seconds)
            raise Later(due, "not now", counts=self._counts, holds=self._holds)


@pytest.mark.parametrize(("counts", "attempts"), [(False, 1), (True, 6)])
async def test_work_puts_itself_off(
    tmp_path: Path, hire: Hire, counts: bool, attempts: int
) -> None:
    """As often as it likes: only what counts is a try, and what is put off is never buried."""
    worker = hire(Postponer(5, 0.1, counts=counts))
    async with telephone(tmp_path) as world:
        await put(world, "a", queue="h")
        await world.eventually(lambda: _is(world, "a", "done"))
        async with world.exchange.database.read() as conn:
            found = await jobs.get(conn, "test:a")
    assert found is not None
    assert found.attempts == attempts
    assert worker.buried == []


@pytest.mark.parametrize("holds", [True, False])
async def test_a_queue_that_is_held_rests_alone(tmp_path: Path, hire: Hire, holds: bool) -> None:
    worker = hire(Postponer(1, 3600, holds=holds))
    async with telephone(tmp_path) as world:
        await put(world, "a", queue="held")
        await world.eventually(lambda: worker.seen == ["test:a"])
        await put(world, "b", queue="held")
        await put(world, "c", queue="free")
        await world.eventually(lambda: _is(world, "c", "done"))
        if not holds:
            await world.eventually(lambda: _is(world, "b", "done"))
        await asyncio.sleep(0.5)
        assert ("test:b" in worker.seen) is not holds


async def _is(world: Telephone, key: str, wanted: str) -> bool:
    return await state(world, key) == wanted


async def test_jobs_of_one_queue_never_run_beside_each_other(tmp_path: Path, hire: Hire) -> None:
    worker = hire(Worker(0))
    async with telephone(tmp_path) as world:
        await put(world, "a", "b", "c", "d", queue="one-host")
        await world.eventually(lambda: len(worker.seen) == 4)
        assert worker.most == 1


class Slow(Worker):
    """Takes its time, in real seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(0)
        self._seconds = seconds
        self.finished = 0

    async def work(self, exchange: Exchange, job: Job) -> None:
        self.most = max(self.most, self.running + 1)
        self.running += 1
        self.seen.append(job.key)
        try:
            await asyncio.sleep(self._seconds)
            self.finished += 1
        finally:
            self.running -= 1


async def test_a_job_that_takes_longer_than_its_lease_is_nobody_elses(
    tmp_path: Path, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file that comes slowly: the second loop is another server's."""
    monkeypatch.setattr(outbox, "LEASE_SECONDS", 0.9)
    worker = Slow(3.0)
    hire(worker)
    async with telephone(tmp_path) as world:
        second = asyncio.create_task(OutboxLoop(world.exchange, {"test": worker.kind}).run())
        await put(world, "a")
        await world.eventually(lambda: _is(world, "a", "done"))
        second.cancel()
    assert (worker.seen, worker.most, worker.finished) == (["test:a"], 1, 1)


async def test_a_job_that_somebody_else_has_taken_is_left_to_him(
    tmp_path: Path, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEASE_SECONDS", 0.9)
    worker = Slow(30.0)
    hire(worker)
    async with telephone(tmp_path) as world:
        await put(world, "a")
        await world.eventually(lambda: worker.running == 1)
        async with world.exchange.database.write() as conn:
            (theirs,) = await jobs.lease(conn, now() + DAY, now() + 2 * DAY)
        await world.eventually(lambda: worker.running == 0)
        assert worker.finished == 0
        async with world.exchange.database.read() as conn:
            kept = await jobs.get(conn, "test:a")
        assert kept is not None
        assert (kept.state, kept.due_at) == ("waiting", theirs.due_at)


async def test_a_hang_up_goes_on_in_the_next_process(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await world.register()
        world.carrier.phones[CUSTOMER] = Phone(script=(Wait(300),))
        placed = await world.dial()
        await world.until(placed["id"], lambda call: "agent-started" in names(call))
        world.carrier.faults.rest, world.carrier.faults.error_before = "DELETE", 1.0
        await world.api.post(f"/api/calls/{placed['id']}/hangup")
        world.exchange.lives.clear()
        async with world.exchange.database.read() as conn:
            kept = await jobs.get(conn, f"hang-up:{placed['id']}")
        assert kept is not None
        assert kept.state == "waiting"
        world.carrier.faults.error_before = 0.0
        await world.ended(placed["id"])
        await world.eventually(lambda: not world.carrier.ledger.live_legs())


async def test_a_job_of_no_known_kind_is_given_up(tmp_path: Path) -> None:
    async with telephone(tmp_path) as world:
        await put(world, "a")
        async with world.exchange.database.write() as conn:
            found = await jobs.get(conn, "test:a")
            assert found is not None
            await jobs.put(conn, replace(found, kind="strange", key="strange:a"))
        await world.eventually(lambda: _strange(world))


async def _strange(world: Telephone) -> bool:
    async with world.exchange.database.read() as conn:
        found = await jobs.get(conn, "strange:a")
    return found is not None and found.state == "dead"
