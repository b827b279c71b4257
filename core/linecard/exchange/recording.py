"""The start of a recording by API: asked for beside the document, asked again while the call lives."""

from __future__ import annotations

import structlog

from linecard.calls import Call
from linecard.carrier import RecordingOrder
from linecard.errors import CarrierError, CarrierRefused
from linecard.events import RecordingFailed, RecordingStarted
from linecard.exchange import inbox
from linecard.exchange.context import Exchange
from linecard.outbound.dialing import SPARE_SECONDS
from linecard.store import calls
from linecard.tokens import new_id
from linecard.webhook import Kind

log = structlog.get_logger()

RETRY_AFTER = (0.3, 1.0, 3.0)
"""Seconds before a refused start is tried again: the carrier may not count the call as answered yet."""
TOO_EARLY = frozenset({404, 409})


def order(exchange: Exchange, call: Call) -> RecordingOrder:
    """The recording of a whole call."""
    addresses = exchange.addresses(call.provider, call.account)
    return RecordingOrder(
        callback_url=addresses.webhook(Kind.RECORDING, call.id),
        max_seconds=call.max_seconds + SPARE_SECONDS,
    )


async def begin(exchange: Exchange, call: Call) -> None:
    """Start the recording that a call is placed or taken with; what comes of it stands on the record."""
    try:
        await start(exchange, call)
    except CarrierError as error:
        log.warning("recording did not start", call=call.id, error=str(error))


async def start(exchange: Exchange, call: Call) -> None:
    """Start a recording. Raises CarrierError, and then one `recording-failed` is on the record."""
    try:
        started = await _start_patiently(exchange, call)
    except CarrierError as error:
        exchange.metrics.recording_failures.labels(call.provider).inc()
        failed = RecordingFailed(key=f"recording-failed:{new_id()}", reason=error.message)
        await inbox.apply(exchange, call, [failed])
        raise
    if started is not None:
        event = RecordingStarted(key=f"recording-started:{started}", recording=started)
        await inbox.apply(exchange, call, [event])


async def _start_patiently(exchange: Exchange, call: Call) -> str | None:
    hooks = exchange.relay(call).hooks
    for pause in RETRY_AFTER:
        try:
            return await hooks.start_recording(call, order(exchange, call))
        except CarrierRefused as error:
            if error.status not in TOO_EARLY or await _is_over(exchange, call):
                raise
        await exchange.clock.sleep(pause)
    return await hooks.start_recording(call, order(exchange, call))


async def _is_over(exchange: Exchange, call: Call) -> bool:
    async with exchange.database.read() as conn:
        current = await calls.get(conn, call.id)
    return current is None or current.is_over
