"""Recordings by API: asked for beside the document, asked again while the call lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog

from linecard.calls import Call, CallStatus
from linecard.carrier import RecordingOrder
from linecard.errors import CallOver, CarrierError, CarrierRefused, Conflict, InvalidField
from linecard.events import RecordingFailed, RecordingStarted
from linecard.exchange import inbox
from linecard.exchange.context import Exchange
from linecard.outbound.dialing import SPARE_SECONDS
from linecard.store import calls, recordings, timeline
from linecard.tokens import new_id
from linecard.wall import now
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


async def start(exchange: Exchange, call: Call) -> None:
    """Start a recording; one `recording-failed` on the record when it cannot be had."""
    try:
        started = await _start_patiently(exchange, call)
    except CarrierError as error:
        exchange.metrics.recording_failures.labels(call.provider).inc()
        log.warning("recording did not start", call=call.id, error=str(error))
        failed = RecordingFailed(key=f"recording-failed:{new_id()}", reason=error.message)
        await inbox.apply(exchange, call, [failed])
        return
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


async def _stop(exchange: Exchange, call: Call) -> None:
    await exchange.relay(call).hooks.stop_recording(call, await _latest(exchange, call))


async def _pause(exchange: Exchange, call: Call) -> None:
    await exchange.relay(call).hooks.pause_recording(call, await _latest(exchange, call), False)


async def _resume(exchange: Exchange, call: Call) -> None:
    await exchange.relay(call).hooks.pause_recording(call, await _latest(exchange, call), True)


async def _latest(exchange: Exchange, call: Call) -> str | None:
    async with exchange.database.read() as conn:
        known = await recordings.of_call(conn, call.id)
    return known[-1].recording if known else None


ACTIONS: Mapping[str, tuple[str, Callable[[Exchange, Call], Awaitable[None]]]] = MappingProxyType(
    {
        "start": ("start_recording", start),
        "stop": ("stop_recording", _stop),
        "pause": ("pause_recording", _pause),
        "resume": ("pause_recording", _resume),
    }
)


async def act(exchange: Exchange, call: Call, action: str) -> None:
    """Do one of `start`, `stop`, `pause`, `resume`.

    Raises InvalidField for another word, UnsupportedByProvider, CallOver, CarrierError.
    """
    if action not in ACTIONS:
        raise InvalidField("do", f"must be one of {', '.join(ACTIONS)}")
    hook, run = ACTIONS[action]
    exchange.relay(call).require(hook, call.profile)
    if call.is_over:
        raise CallOver(call.id)
    if call.status is not CallStatus.IN_PROGRESS:
        raise Conflict(f"call {call.id} is {call.status}: nobody has answered it yet")
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, f"recording-{action}-asked", {}, now())
    await run(exchange, call)
