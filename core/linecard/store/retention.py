"""What is old enough to go, some at a time, found by an index and never while it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, exists, select, tuple_

from linecard.store.live import LIVE
from linecard.store.recordings import HAS_FILE, Recording
from linecard.store.rows import changed, from_row, is_postgresql
from linecard.store.tables import (
    calls,
    claims,
    documents,
    idempotency,
    inbox,
    notifications,
    outbox,
    recordings,
)

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

BATCH = 200
"""So many rows go in one transaction: callers and callbacks wait for no longer than that takes."""


def old_recordings(before: datetime) -> Select[Any]:
    """Recordings whose file was told before a moment, and is not deleted yet."""
    query = select(recordings).join(calls, calls.c.id == recordings.c.call)
    query = query.where(recordings.c.status.in_(sorted(HAS_FILE)), recordings.c.told_at < before)
    return query.limit(BATCH)


async def recordings_to_go(conn: AsyncConnection, before: datetime) -> Sequence[Recording]:
    """Some of them; their calls are held until the transaction ends, and whoever holds one goes first."""
    query = old_recordings(before)
    if is_postgresql(conn):
        query = query.with_for_update(of=calls, skip_locked=True)
    return [from_row(Recording, row) for row in (await conn.execute(query)).mappings()]


def old_calls(before: datetime, recorded_before: datetime | None = None) -> Select[Any]:
    """Calls that ended before a moment and have no work waiting, the oldest first.

    One with a recording whose file was told since `recorded_before` stays: that is to be kept for longer.
    """
    works = exists().where(outbox.c.call_id == calls.c.id, outbox.c.state == "waiting")
    query = select(calls.c.id).where(
        calls.c.created_at < before,
        calls.c.status.not_in(LIVE),
        calls.c.ended_at < before,
        ~works,
    )
    if recorded_before is not None:
        query = query.where(~_has_young_recording(recorded_before))
    return query.order_by(calls.c.created_at, calls.c.id).limit(BATCH)


def _has_young_recording(since: datetime) -> Any:
    """Whether a call has a recording whose file was told since a moment."""
    has_file = recordings.c.status.in_(sorted(HAS_FILE))
    return exists().where(recordings.c.call == calls.c.id, has_file, recordings.c.told_at >= since)


def old_payloads(before: datetime) -> Any:
    """What carriers said before a moment, of calls that are over or not there, the oldest first."""
    lives = exists().where(calls.c.id == inbox.c.call_id, calls.c.status.in_(LIVE))
    columns: list[Any] = [inbox.c.provider, inbox.c.account, inbox.c.key, inbox.c.call_id]
    query = select(*columns)
    return query.where(inbox.c.at < before, ~lives).order_by(inbox.c.at).limit(BATCH)


def old_notifications(before: datetime) -> Select[Any]:
    """Notifications that are told, or were given up, and were made before a moment."""
    query = select(notifications.c.id).where(
        notifications.c.state.in_(("delivered", "dead")), notifications.c.created_at < before
    )
    return query.limit(BATCH)


def old_jobs(before: datetime) -> Select[Any]:
    """Jobs that are done, or were given up, and were due before a moment."""
    query = select(outbox.c.id).where(
        outbox.c.state.in_(("done", "dead")), outbox.c.due_at < before
    )
    return query.limit(BATCH)


def old_keys(before: datetime) -> Select[Any]:
    """Idempotency-Keys that were kept before a moment."""
    return select(idempotency.c.key).where(idempotency.c.at < before).limit(BATCH)


def old_claims(before: datetime) -> Select[Any]:
    """Streams that were opened before a moment."""
    return select(claims.c.token).where(claims.c.claimed_at < before).limit(BATCH)


async def call_ids(
    conn: AsyncConnection, before: datetime, recorded_before: datetime | None = None
) -> Sequence[str]:
    """The ids of some calls that are to go, held until the transaction ends."""
    query = old_calls(before, recorded_before)
    if is_postgresql(conn):
        query = query.with_for_update(of=calls, skip_locked=True)
    return list((await conn.execute(query)).scalars())


async def delete_calls(conn: AsyncConnection, ids: Sequence[str]) -> None:
    """Delete calls and what hangs on them."""
    await conn.execute(delete(calls).where(calls.c.id.in_(ids)))


async def delete_payloads(conn: AsyncConnection, before: datetime) -> int:
    """Delete some payloads, and the answers that were kept of their calls; how many rows of the inbox."""
    rows = (await conn.execute(old_payloads(before))).mappings().all()
    if not rows:
        return 0
    keys = tuple_(inbox.c.provider, inbox.c.account, inbox.c.key)
    theirs = [(row["provider"], row["account"], row["key"]) for row in rows]
    await conn.execute(delete(inbox).where(keys.in_(theirs)))
    ids = {row["call_id"] for row in rows} - {None}
    await conn.execute(delete(documents).where(documents.c.call_id.in_(ids)))
    return len(rows)


async def delete_notifications(conn: AsyncConnection, before: datetime) -> int:
    """Delete some notifications; how many."""
    return await _delete(conn, notifications, old_notifications(before))


async def delete_jobs(conn: AsyncConnection, before: datetime) -> int:
    """Delete some jobs; how many."""
    return await _delete(conn, outbox, old_jobs(before))


async def delete_keys(conn: AsyncConnection, before: datetime) -> int:
    """Delete some Idempotency-Keys; how many."""
    return await _delete(conn, idempotency, old_keys(before))


async def delete_claims(conn: AsyncConnection, before: datetime) -> int:
    """Delete some claims of streams; how many."""
    return await _delete(conn, claims, old_claims(before))


async def _delete(conn: AsyncConnection, table: Table, old: Select[Any]) -> int:
    (key,) = table.primary_key.columns
    return await changed(conn, delete(table).where(key.in_(old)))
