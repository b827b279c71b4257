"""Deleting a recording, because somebody asks or it is old: our copy, and the carrier's file where it can be asked to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.errors import CarrierRefused, Conflict, NotFound
from linecard.exchange import outbox
from linecard.exchange.context import Exchange
from linecard.exchange.outbox import GivenUp
from linecard.exchange.recording_jobs import DELETE, lane
from linecard.store import calls, recordings, retention, timeline
from linecard.store import outbox as jobs
from linecard.store.outbox import Job
from linecard.store.recordings import Recording
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

RETRY_AFTER = (1.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
GONE = 404


async def ask(exchange: Exchange, call: Call, n: int) -> None:
    """From now on nobody is served the recording; the files go in the background. Safe to repeat.

    Raises NotFound, and Conflict while it may still be running.
    """
    async with exchange.database.write() as conn:
        found = await recordings.get(conn, call.id, n)
        if found is None:
            raise NotFound("recording", f"{call.id}/{n}")
        if found.status in recordings.RUNNING and not call.is_over:
            raise Conflict(f"recording {call.id}/{n} may still be running; stop it first")
        if found.status == "deleted":
            return
        await _put(exchange, conn, found)
        await timeline.append(conn, call.id, "recording-delete-asked", {"n": n}, now())
    exchange.work_is_due.set()


async def expire(exchange: Exchange, conn: AsyncConnection, before: datetime) -> int:
    """The same for some whose file was told before a moment, as the days are set now; how many."""
    old = await retention.recordings_to_go(conn, before)
    for one in old:
        if await _put(exchange, conn, one):
            facts = {"n": one.n, "days": exchange.settings.keep_recordings_days}
            await timeline.append(conn, one.call, "recording-expired", facts, now())
    return len(old)


async def _put(exchange: Exchange, conn: AsyncConnection, one: Recording) -> bool:
    """Have it deleted; False where somebody else has just done so."""
    await recordings.deleted(conn, one.call, one.recording)
    key, payload = f"{one.call}/{one.n}", {"recording": one.recording}
    return await outbox.put(
        exchange, conn, DELETE, key, queue=lane(key), call_id=one.call, payload=payload
    )


async def delete_recording(exchange: Exchange, job: Job) -> None:
    """The job of a recording that is to go. Raises CarrierError or OSError to be tried again, GivenUp."""
    async with exchange.database.read() as conn:
        named = await _named(conn, job)
    if named is None:
        return
    call, found = named
    if found.kept_as and exchange.storage is not None:
        await exchange.storage.delete(found.kept_as)
    theirs = await _at_the_carrier(exchange, call, found)
    if found.kept_as and exchange.storage is None:
        raise GivenUp(f"LINECARD_RECORDINGS is off; delete the file {found.kept_as} by hand")
    facts = {"n": found.n, "ours": bool(found.kept_as), "carriers": theirs}
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "recording-deleted", facts, now())


async def given_up(exchange: Exchange, job: Job) -> None:
    """A file is left somewhere, and we try no more: whoever runs the server must see it."""
    async with exchange.database.write() as conn:
        named = await _named(conn, job)
        if named is None:
            return
        call, found = named
        kept = await jobs.get(conn, job.key)
        facts = {"n": found.n, "reason": (kept.error if kept else None) or "nobody knows why"}
        await timeline.append(conn, call.id, "recording-not-deleted", facts, now())
    exchange.metrics.recording_failures.labels(call.provider).inc()


async def _named(conn: AsyncConnection, job: Job) -> tuple[Call, Recording] | None:
    """The call and the recording of a job; None where one of them is not there any more."""
    call = await calls.get(conn, job.call_id or "")
    name = str(job.payload.get("recording", ""))
    found = await recordings.find(conn, call.id, name) if call else None
    return (call, found) if call and found else None


async def _at_the_carrier(exchange: Exchange, call: Call, found: Recording) -> str:
    """What became of the carrier's file, in a word."""
    relay = exchange.relay(call)
    if not relay.supports("delete_recording", call.profile):
        return "stays"
    try:
        await relay.hooks.delete_recording(found.recording)
    except CarrierRefused as refused:
        if refused.status != GONE:
            raise
        return "gone"
    return "deleted"
