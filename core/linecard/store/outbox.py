"""Work that must be done sooner or later, whatever crashes: each job once, by its key.

A job is leased while somebody works on it; where he dies, it is due again when the lease ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Select, delete, exists, func, select, update

from linecard.store.rows import from_row, insert
from linecard.store.tables import calls, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

JobState = Literal["waiting", "done", "dead"]
MOST_AT_A_TIME = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work. Jobs of one `queue` are done one after another; `attempts` counts those begun.

    Of a job that was leased, `due_at` is the end of the lease: until then it is nobody else's.
    """

    kind: str
    key: str
    due_at: datetime
    id: int = 0
    queue: str = ""
    call_id: str | None = None
    payload: Mapping[str, object] = field(default_factory=dict)
    attempts: int = 0
    state: JobState = "waiting"
    error: str | None = None
    created_at: datetime | None = None


async def put(conn: AsyncConnection, job: Job) -> bool:
    """Keep a job; False where one of its key is there already, in whatever state."""
    row = {
        "kind": job.kind,
        "key": job.key,
        "queue": job.queue,
        "call_id": job.call_id,
        "payload": dict(job.payload),
        "due_at": job.due_at,
        "attempts": 0,
        "state": "waiting",
        "created_at": job.created_at or job.due_at,
    }
    added = insert(conn, outbox).values(row).on_conflict_do_nothing().returning(outbox.c.id)
    return (await conn.execute(added)).first() is not None


async def lease(
    conn: AsyncConnection,
    at: datetime,
    until: datetime,
    busy: Collection[str] = (),
    others: Collection[str] = (),
) -> list[Job]:
    """The jobs that are due, taken until a moment: one of each queue, none of a `busy` one.

    Jobs of calls that `others` own are left to them.
    """
    query = _due(select(outbox), at, busy, others).order_by(outbox.c.due_at, outbox.c.id)
    query = query.limit(MOST_AT_A_TIME).with_for_update(skip_locked=True)
    found = [from_row(Job, row) for row in (await conn.execute(query)).mappings()]
    jobs = _one_of_each_queue(found)
    if jobs:
        mine = outbox.c.id.in_([job.id for job in jobs])
        taken = {"due_at": until, "attempts": outbox.c.attempts + 1}
        await conn.execute(update(outbox).where(mine).values(taken))
    return [replace(job, due_at=until) for job in jobs]


async def renew(conn: AsyncConnection, id: int, leased: datetime, until: datetime) -> bool:
    """Hold a job for longer; False where it is not ours any more. `leased` is until when it was."""
    ours = (outbox.c.id == id) & (outbox.c.state == "waiting") & (outbox.c.due_at == leased)
    held = update(outbox).where(ours).values(due_at=until).returning(outbox.c.id)
    return (await conn.execute(held)).first() is not None


def _one_of_each_queue(found: list[Job]) -> list[Job]:
    first: dict[str, Job] = {}
    for job in found:
        first.setdefault(job.queue or f"{job.id}", job)
    return list(first.values())


async def done(conn: AsyncConnection, id: int) -> None:
    """It is done; nothing of it is needed any more but that it was."""
    await _set(conn, id, state="done", error=None, payload={})


async def again(conn: AsyncConnection, id: int, due_at: datetime, error: str) -> None:
    """It failed, and is tried again."""
    await _set(conn, id, due_at=due_at, error=error)


async def put_off(conn: AsyncConnection, job: Job, due_at: datetime) -> None:
    """It was not begun after all; `job` as it was leased."""
    await _set(conn, job.id, due_at=due_at, attempts=job.attempts)


async def dead(conn: AsyncConnection, id: int, error: str) -> None:
    """It is given up; it stays to be looked at."""
    await _set(conn, id, state="dead", error=error)


async def cancel(conn: AsyncConnection, key: str) -> None:
    """A job that need not be done any more."""
    mine = (outbox.c.key == key) & (outbox.c.state == "waiting")
    await conn.execute(update(outbox).where(mine).values(state="done"))


async def delay(conn: AsyncConnection, key: str, due_at: datetime) -> None:
    """A job that waits is due no sooner than at a moment; one that is worked on is held for so long."""
    mine = (outbox.c.key == key) & (outbox.c.state == "waiting") & (outbox.c.due_at < due_at)
    await conn.execute(update(outbox).where(mine).values(due_at=due_at))


async def get(conn: AsyncConnection, key: str) -> Job | None:
    """A job by its key."""
    row = (await conn.execute(select(outbox).where(outbox.c.key == key))).mappings().first()
    return from_row(Job, row) if row else None


async def of_call(conn: AsyncConnection, call_id: str) -> list[Job]:
    """The jobs of a call that are still kept, in whatever state, oldest first."""
    query = select(outbox).where(outbox.c.call_id == call_id).order_by(outbox.c.id)
    return [from_row(Job, row) for row in (await conn.execute(query)).mappings()]


async def given_up(conn: AsyncConnection, limit: int = 200) -> list[Job]:
    """The jobs that were given up, the newest first."""
    query = select(outbox).where(outbox.c.state == "dead").order_by(outbox.c.id.desc())
    return [from_row(Job, row) for row in (await conn.execute(query.limit(limit))).mappings()]


async def count(conn: AsyncConnection, state: JobState) -> int:
    """How many jobs are in a state."""
    query = select(func.count()).select_from(outbox).where(outbox.c.state == state)
    return int((await conn.execute(query)).scalar_one())


async def sweep(conn: AsyncConnection, before: datetime) -> None:
    """Forget what was done before a moment."""
    old = (outbox.c.state == "done") & (outbox.c.created_at < before)
    await conn.execute(delete(outbox).where(old))


async def _set(conn: AsyncConnection, id: int, **values: object) -> None:
    await conn.execute(update(outbox).where(outbox.c.id == id).values(values))


async def is_due(
    conn: AsyncConnection,
    at: datetime,
    busy: Collection[str] = (),
    others: Collection[str] = (),
) -> bool:
    """Whether there is anything to do, but for jobs of `busy` queues and of calls that `others` own."""
    query = _due(select(outbox.c.id), at, busy, others).limit(1)
    return (await conn.execute(query)).first() is not None


def _due(
    query: Select[Any], at: datetime, busy: Collection[str], others: Collection[str]
) -> Select[Any]:
    due = query.where(outbox.c.state == "waiting", outbox.c.due_at <= at)
    if busy:
        due = due.where(outbox.c.queue.not_in(busy))
    if not others:
        return due
    theirs = exists().where(calls.c.id == outbox.c.call_id, calls.c.owner.in_(others))
    return due.where(~theirs)
