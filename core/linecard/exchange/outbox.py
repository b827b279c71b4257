"""The one loop of durable work: hang-ups, look-ups, recordings, notifications.

A job is written in the transaction that makes it necessary, so that none is lost by a crash, and done
at least once; each kind says in a table how often it is tried and who does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from linecard.errors import LinecardError
from linecard.store import outbox
from linecard.store.outbox import Job
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.exchange.context import Exchange

log = structlog.get_logger()

POLL_SECONDS = 1.0
LEASE_SECONDS = 120.0
"""So long after its worker has died a job is begun again; one that is worked on is held for longer."""
RENEWALS = 3
"""How often in each lease a job that is worked on is held for another."""
LONGEST_ERROR = 300

Work = Callable[["Exchange", Job], Awaitable[None]]
"""Does a job, or raises: LinecardError to be tried again, Later at a time of its own, GivenUp to be given up at once."""


class GivenUp(Exception):
    """No further try can help; the message says why."""


class LeaseLost(Exception):
    """Somebody else has taken the job, as if we had died."""


class Later(Exception):
    """Not now: the work knows itself when it is to be tried again.

    `counts`: this was a try. `holds`: until then nothing else of its queue is begun in this process.
    """

    def __init__(
        self, due: datetime, reason: str, *, counts: bool = False, holds: bool = False
    ) -> None:
        super().__init__(reason)
        self.due = due
        self.counts = counts
        self.holds = holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of job is done: `retry_after` are the pauses between tries, in seconds of the call's clock.

    `buried` is told of a job that was given up.
    """

    work: Work
    retry_after: Sequence[float]
    buried: Work | None = None


class OutboxLoop:
    """Does what is due, in one process or in several beside each other: the work of a call is done where it is held."""

    def __init__(self, exchange: Exchange, kinds: Mapping[str, Kind]) -> None:
        self._exchange = exchange
        self._kinds = kinds
        self._busy: set[str] = set()
        self._held: dict[str, datetime] = {}

    async def run(self) -> None:
        """For ever; what fails here is logged and tried again."""
        while True:
            try:
                taken = await self.step()
            except Exception:
                log.exception("the outbox could not be read; it is read again")
                taken = 0
            if not taken:
                await self._pause()

    async def step(self) -> int:
        """Begin what is due; how many jobs that were."""
        at = self._exchange.now()
        until = at + timedelta(seconds=LEASE_SECONDS)
        others = self._exchange.instances.busy_elsewhere
        async with self._exchange.database.read() as conn:
            if not await outbox.is_due(conn, at, self._closed(), others):
                return 0
        async with self._exchange.database.write() as conn:
            jobs = await outbox.lease(conn, at, until, self._closed(), others)
        for job in jobs:
            if job.queue:
                self._busy.add(job.queue)
            self._exchange.tasks.start(self._do(job), f"{job.kind} {job.key}")
        return len(jobs)

    def _closed(self) -> tuple[str, ...]:
        """The queues of which nothing may be begun now."""
        at = self._exchange.now()
        self._held = {queue: until for queue, until in self._held.items() if until > at}
        return (*self._busy, *self._held)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS / self._exchange.clock.speed):
                await self._exchange.work_is_due.wait()
        except TimeoutError:
            return
        finally:
            self._exchange.work_is_due.clear()

    async def _do(self, job: Job) -> None:
        kind = self._kinds.get(job.kind)
        try:
            if kind is None:
                raise GivenUp(f"nobody does {job.kind}")
            await self._hold(job, kind)
        except LeaseLost:
            log.error("somebody else works on a job of ours; we stop", kind=job.kind, key=job.key)
        except GivenUp as error:
            await self._bury(job, kind, str(error))
        except Later as later:
            await self._put_off(job, later)
        except (LinecardError, OSError, TimeoutError) as error:
            await self._failed(job, kind, str(error) or type(error).__name__)
        except Exception as error:
            await self._failed(job, kind, f"a fault of ours: {error!r}")
            raise
        else:
            async with self._exchange.database.write() as conn:
                await outbox.done(conn, job.id)
        finally:
            self._busy.discard(job.queue)
            if job.queue:
                self._exchange.work_is_due.set()

    async def _hold(self, job: Job, kind: Kind) -> None:
        """Do a job, and hold it meanwhile. Raises LeaseLost where somebody else has it by now."""
        work = asyncio.ensure_future(kind.work(self._exchange, job))
        holding = asyncio.create_task(self._renew(job))
        try:
            await asyncio.wait({work, holding}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise LeaseLost
            await work
        finally:
            for task in (holding, work):
                task.cancel()
            await asyncio.gather(holding, work, return_exceptions=True)

    async def _renew(self, job: Job) -> None:
        """Hold a job again and again; returns when it is somebody else's."""
        leased: datetime | None = job.due_at
        while leased is not None:
            await asyncio.sleep(LEASE_SECONDS / RENEWALS)
            until = self._exchange.now() + timedelta(seconds=LEASE_SECONDS)
            try:
                async with self._exchange.database.write() as conn:
                    leased = until if await outbox.renew(conn, job.id, leased, until) else None
            except Exception:
                log.exception("a lease could not be renewed; it is tried again", key=job.key)

    async def _put_off(self, job: Job, later: Later) -> None:
        if later.holds:
            self._held[job.queue] = later.due
        async with self._exchange.database.write() as conn:
            if later.counts:
                await outbox.again(conn, job.id, later.due, str(later)[:LONGEST_ERROR])
            else:
                await outbox.put_off(conn, job, later.due)

    async def _failed(self, job: Job, kind: Kind | None, error: str) -> None:
        pauses = kind.retry_after if kind else ()
        if job.attempts >= len(pauses):
            await self._bury(job, kind, error)
            return
        due = self._exchange.later(pauses[job.attempts])
        log.warning("work failed and is tried again", kind=job.kind, call=job.call_id, error=error)
        async with self._exchange.database.write() as conn:
            await outbox.again(conn, job.id, due, error[:LONGEST_ERROR])

    async def _bury(self, job: Job, kind: Kind | None, error: str) -> None:
        log.error("work was given up", kind=job.kind, call=job.call_id, error=error)
        self._exchange.metrics.given_up.labels(job.kind).inc()
        async with self._exchange.database.write() as conn:
            await outbox.dead(conn, job.id, error[:LONGEST_ERROR])
        if kind is not None and kind.buried is not None:
            await kind.buried(self._exchange, job)


async def put(
    exchange: Exchange,
    conn: AsyncConnection,
    kind: str,
    key: str,
    *,
    after: float = 0.0,
    queue: str = "",
    call_id: str | None = None,
    payload: Mapping[str, object] | None = None,
) -> bool:
    """Write a job into a transaction: due `after` seconds of the call's clock; False where it is there already.

    Call `exchange.work_is_due.set()` once the transaction is done, where it should not wait a second.
    """
    job = Job(
        kind=kind,
        key=_name(kind, key),
        due_at=exchange.later(after),
        queue=queue,
        call_id=call_id,
        payload=payload or {},
        created_at=now(),
    )
    return await outbox.put(conn, job)


async def delay(
    exchange: Exchange, conn: AsyncConnection, kind: str, key: str, *, after: float
) -> None:
    """A job that waits is due no sooner than in `after` seconds of the call's clock."""
    await outbox.delay(conn, _name(kind, key), exchange.later(after))


async def cancel(conn: AsyncConnection, kind: str, key: str) -> None:
    """A job that need not be done any more; `key` as it was put."""
    await outbox.cancel(conn, _name(kind, key))


def _name(kind: str, key: str) -> str:
    return f"{kind}:{key}"
