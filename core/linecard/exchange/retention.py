"""What is old goes by itself: a few rows at a time, once an hour, as the days to keep it are set now.

Nothing notes when a thing is to go: a setting that is changed holds for what is there already, both ways.

Nothing of a live call goes, and no call that work still waits for. Several processes may do it side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from linecard.exchange import recording_delete
from linecard.exchange.context import Exchange
from linecard.exchange.forgetting import jobs
from linecard.flight.keeping import delete_before
from linecard.store import forgetting, idempotency, retention
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()

FIRST_SECONDS, EVERY_SECONDS = 60.0, 3600.0
BREATH_SECONDS = 0.05
"""Between two batches others may write."""
SHORT_LIVED = 2 * idempotency.LIFE
"""For keys and claims, which mean nothing after a day."""

Batch = Callable[["AsyncConnection", datetime], Awaitable[int]]


class Retention:
    """Deletes what is old."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def run(self) -> None:
        """For ever; what fails is logged and tried again."""
        pause = FIRST_SECONDS
        while True:
            await self._exchange.clock.sleep(pause)
            pause = EVERY_SECONDS
            try:
                await self.sweep(now())
            except Exception:
                log.exception("what is old could not be deleted; it is tried again")

    async def sweep(self, at: datetime) -> None:
        """Delete all that is old at a moment."""
        keep = self._exchange.settings.keep_days
        recorded = timedelta(days=self._exchange.settings.keep_recordings_days)
        recordings: Batch = partial(recording_delete.expire, self._exchange)
        calls: Batch = partial(_delete_calls, self._exchange, at - recorded if recorded else None)
        steps: Sequence[tuple[str, timedelta, Batch]] = (
            ("recordings", recorded, recordings),
            ("calls", timedelta(days=keep.calls), calls),
            ("payloads", timedelta(days=keep.payloads), retention.delete_payloads),
            ("notifications", timedelta(days=keep.payloads), retention.delete_notifications),
            ("jobs", timedelta(days=keep.payloads), retention.delete_jobs),
            ("idempotency_keys", SHORT_LIVED, retention.delete_keys),
            ("stream_claims", SHORT_LIVED, retention.delete_claims),
        )
        for what, age, batch in steps:
            if age:
                await self._delete(what, at - age, batch)
        await self._delete_flights(at)
        if keep.calls:
            await self._ask_plugins(at - timedelta(days=keep.calls))

    async def _ask_plugins(self, before: datetime) -> None:
        """What plugins keep of people goes when calls go."""
        gone = int(self._exchange.plugins.answers("rows_expired"))
        while gone:
            async with self._exchange.database.write() as conn:
                asked = {"before": before, "connection": conn}
                told = await self._exchange.plugins.ask_each("rows_expired", **asked)
            gone = sum(count for _, count in told)
            for plugin, count in told:
                self._count(plugin, count)
            await asyncio.sleep(BREATH_SECONDS)

    async def _delete(self, what: str, before: datetime, batch: Batch) -> None:
        gone = retention.BATCH
        while gone >= retention.BATCH:
            async with self._exchange.database.write() as conn:
                gone = await batch(conn, before)
            self._count(what, gone)
            await asyncio.sleep(BREATH_SECONDS)
        self._exchange.work_is_due.set()

    async def _delete_flights(self, at: datetime) -> None:
        days, folder = self._exchange.settings.keep_days.flights, self._exchange.settings.flight_dir
        if days and folder is not None:
            before = at - timedelta(days=days)
            self._count("flights", await asyncio.to_thread(delete_before, Path(folder), before))

    def _count(self, what: str, gone: int) -> None:
        if gone:
            self._exchange.metrics.purged.labels(what).inc(gone)
            log.info("what was old is deleted", what=what, count=gone)


async def _delete_calls(
    exchange: Exchange, recorded_before: datetime | None, conn: AsyncConnection, before: datetime
) -> int:
    """Some calls with all that belongs to them; the files of their recordings go in the background."""
    ids = await retention.call_ids(conn, before, recorded_before)
    if not ids:
        return 0
    owned = await forgetting.recorded(conn, ids)
    for one in (one for one in owned if one.recording.status != "deleted"):
        await jobs.put_recording(exchange, conn, one)
    await jobs.put_flights(exchange, conn, ids)
    await forgetting.erase_content(conn, ids, jobs.ONGOING)
    await retention.delete_calls(conn, ids)
    return len(ids)
