"""Deleting a recording: our copy, and the carrier's file where it can be asked to."""

from __future__ import annotations

from linecard.calls import Call
from linecard.errors import CarrierRefused, Conflict, NotFound
from linecard.exchange import outbox
from linecard.exchange.context import Exchange
from linecard.exchange.recording_jobs import DELETE, lane
from linecard.store import calls, recordings, timeline
from linecard.store.outbox import Job
from linecard.store.recordings import Recording
from linecard.wall import now

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
        await recordings.deleted(conn, call.id, found.recording)
        await timeline.append(conn, call.id, "recording-delete-asked", {"n": n}, now())
        key = f"{call.id}/{n}"
        payload = {"recording": found.recording}
        await outbox.put(
            exchange, conn, DELETE, key, queue=lane(key), call_id=call.id, payload=payload
        )
    exchange.work_is_due.set()


async def delete_recording(exchange: Exchange, job: Job) -> None:
    """The job of a recording that is to go, or is old enough. Raises CarrierError or OSError to be tried again."""
    if job.payload.get("old") and not exchange.settings.keep_recordings_days:
        return
    async with exchange.database.write() as conn:
        call = await calls.get(conn, job.call_id or "")
        name = str(job.payload.get("recording", ""))
        found = await recordings.find(conn, call.id, name) if call else None
        if call is None or found is None:
            return
        await recordings.deleted(conn, call.id, name)
    if found.kept_as and exchange.storage is not None:
        await exchange.storage.delete(found.kept_as)
    theirs = await _at_the_carrier(exchange, call, found)
    facts = {"n": found.n, "ours": bool(found.kept_as), "carriers": theirs}
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "recording-deleted", facts, now())


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
