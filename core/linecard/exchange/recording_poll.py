"""Recordings that nobody told of: the carrier is asked until it tells, or a deadline has passed."""

from __future__ import annotations

from linecard.calls import Call
from linecard.errors import CarrierUnavailable
from linecard.events import RecordingFailed, RecordingReady
from linecard.exchange import inbox
from linecard.exchange.context import Exchange
from linecard.exchange.outbox import GivenUp
from linecard.store import calls, recordings, timeline
from linecard.store.outbox import Job
from linecard.store.recordings import Recording

RETRY_AFTER = (120.0, 300.0, 600.0, 1800.0, 3600.0, 3 * 3600.0)
"""Pauses after the first question: carriers have the file within fifteen minutes as a rule."""
NEVER_CAME = "the carrier told of no file"


async def poll_recording(exchange: Exchange, job: Job) -> None:
    """The job of a call whose recording's file has not been told. Raises CarrierUnavailable to ask again."""
    found = await _still_missing(exchange, job)
    if found is None:
        return
    call, _ = found
    relay = exchange.relay(call)
    if not relay.supports("find_call", call.profile):
        raise GivenUp(NEVER_CAME)
    seen = await relay.hooks.find_call(call.carrier_ids)
    told = [event for event in seen.further if isinstance(event, RecordingReady | RecordingFailed)]
    if told:
        await inbox.apply(exchange, call, told)
        if call.is_forgotten:
            return
    if await _still_missing(exchange, job) is not None:
        raise CarrierUnavailable(call.provider, NEVER_CAME)


async def given_up(exchange: Exchange, job: Job) -> None:
    """The deadline has passed: one event says so, and a file that comes after all still counts."""
    found = await _still_missing(exchange, job)
    if found is None:
        return
    call, missing = found
    if call.is_forgotten:
        return
    exchange.metrics.recording_failures.labels(call.provider).inc()
    name = missing.recording if missing else ""
    event = RecordingFailed(key=f"recording-missing:{call.id}", recording=name, reason=NEVER_CAME)
    await inbox.apply(exchange, call, [event])


async def _still_missing(exchange: Exchange, job: Job) -> tuple[Call, Recording | None] | None:
    """The call and its recording without a file (None: not even its start was told), where one is missing."""
    async with exchange.database.read() as conn:
        call = await calls.get(conn, job.call_id or "")
        if call is None:
            return None
        known = await recordings.of_call(conn, call.id)
        names = {line.name for line in await timeline.of_call(conn, call.id)}
    waiting = [one for one in known if one.status in recordings.UNFINISHED]
    if waiting:
        return call, waiting[0]
    return None if known or "recording-failed" in names else (call, None)
