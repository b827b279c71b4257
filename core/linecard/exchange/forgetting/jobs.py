"""What forgetting leaves to be done in the background: files, the carrier's copies, ids, free pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from linecard.errors import CarrierRefused, NotFound
from linecard.exchange import outbox
from linecard.exchange.context import Exchange
from linecard.exchange.outbox import GivenUp
from linecard.exchange.recording_jobs import lane
from linecard.store import forgetting
from linecard.store.forgetting import Owned
from linecard.store.outbox import Job
from linecard.tokens import new_id
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()

ERASE_RECORDING = "erase-recording"
ERASE_FLIGHTS = "erase-flights"
FORGET_IDS = "forget-carrier-ids"
SCRUB = "scrub-database"
ONGOING = (ERASE_RECORDING, FORGET_IDS)
RECORDING_RETRY_AFTER = (1.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0, 24 * 3600.0)
FILES_RETRY_AFTER = (1.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0)
SCRUB_RETRY_AFTER = (1.0, 1.0, 5.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 3600.0, 3600.0)
LATE = timedelta(days=1)
"""For so long after its end a carrier may still report on a call, which is known by the carrier's ids."""
GONE = 404
LATE_AFTER = 10.0


async def put_recording(
    exchange: Exchange, conn: AsyncConnection, owned: Owned, *, late: bool = False
) -> None:
    """Have a recording's files deleted, ours and the carrier's. `late`: once more, since it has just been told of."""
    recording, (provider, account) = owned.recording, owned.account
    name = sha256(recording.recording.encode()).hexdigest()[:20]
    key = f"{recording.call}/{name}{':late' if late else ''}"
    payload = {
        "provider": provider,
        "account": account,
        "profile": owned.profile,
        "recording": recording.recording,
        "kept_as": recording.kept_as,
    }
    await outbox.put(
        exchange,
        conn,
        ERASE_RECORDING,
        key,
        after=LATE_AFTER if late else 0.0,
        queue=lane(key),
        call_id=recording.call,
        payload=payload,
    )


async def erase_recording(exchange: Exchange, job: Job) -> None:
    """The job of one recording. Raises CarrierError or OSError to be tried again, GivenUp."""
    kept_as = job.payload.get("kept_as")
    if kept_as:
        if exchange.storage is None:
            raise GivenUp(f"LINECARD_RECORDINGS is off; delete the file {kept_as} by hand")
        await exchange.storage.delete(str(kept_as))
    provider, account, profile = (
        str(job.payload[name]) for name in ("provider", "account", "profile")
    )
    try:
        relay = exchange.plugins.relay(provider, account)
    except NotFound as error:
        raise GivenUp(f"its file stays with the carrier: {error}") from error
    if not relay.supports("delete_recording", profile):
        log.warning("a forgotten recording stays with the carrier", provider=provider)
        return
    try:
        await relay.hooks.delete_recording(str(job.payload["recording"]))
    except CarrierRefused as refused:
        if refused.status != GONE:
            raise


async def put_flights(exchange: Exchange, conn: AsyncConnection, ids: Sequence[str]) -> None:
    """Have the flight records of calls deleted."""
    if exchange.flights is not None:
        payload = {"calls": list(ids)}
        await outbox.put(exchange, conn, ERASE_FLIGHTS, new_id(), payload=payload)


async def erase_flights(exchange: Exchange, job: Job) -> None:
    """The job of some flight records. Raises OSError to be tried again."""
    ids = job.payload.get("calls")
    if exchange.flights is not None and isinstance(ids, list):
        await exchange.flights.forget(ids)


async def put_ids(
    exchange: Exchange, conn: AsyncConnection, ended: Iterable[tuple[str, datetime | None]]
) -> None:
    """Forget by what ids carriers know calls: at once, or when nothing more is to come of those just ended."""
    at, old = now(), []
    for call_id, ended_at in ended:
        left = (ended_at or at) + LATE - at
        if left <= timedelta(0):
            old.append(call_id)
        else:
            seconds = left.total_seconds() * exchange.clock.speed
            await outbox.put(exchange, conn, FORGET_IDS, call_id, after=seconds, call_id=call_id)
    await forgetting.forget_ids(conn, old)


async def forget_ids(exchange: Exchange, job: Job) -> None:
    """The job of a forgotten call that is a day old."""
    async with exchange.database.write() as conn:
        await forgetting.forget_ids(conn, [job.call_id or ""])


async def put_scrub(exchange: Exchange, conn: AsyncConnection) -> None:
    """Have what was deleted taken out of the database's file."""
    await outbox.put(exchange, conn, SCRUB, new_id(), queue=SCRUB)


async def scrub(exchange: Exchange, _job: Job) -> None:
    """The job. Raises TimeoutError while others hold the file."""
    if not await exchange.database.scrub():
        raise TimeoutError("the database is in use; its free pages are overwritten later")
