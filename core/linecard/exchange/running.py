"""One agent per call: started with the first stream, alive until the call is over."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from linecard.calls import Call, Direction
from linecard.errors import ConfigurationError, NotFound
from linecard.exchange import desk, endings, voicemail
from linecard.exchange.context import Exchange
from linecard.exchange.presence import AGENT_STARTED
from linecard.exchange.reasons import AGENT_ERROR
from linecard.exchange.recorded import new_live
from linecard.live import LiveCall
from linecard.store import calls, timeline
from linecard.wall import now

log = structlog.get_logger()

WARN_SECONDS = 20


async def live_call(exchange: Exchange, call: Call) -> LiveCall:
    """The running call; made with the call's first stream, and its agent with it."""
    known = exchange.lives.get(call.id)
    if known is not None:
        return known
    live = exchange.lives[call.id] = new_live(exchange, call)
    live.transfer_targets = _whole_targets(exchange)
    live.opt_out_key = _opt_out_key(exchange, call)
    try:
        current = await _note_start(exchange, call)
    except BaseException:
        del exchange.lives[call.id]
        live.finish("its agent could not be started")
        raise
    if current is not None and not current.is_over:
        live.machine_detected(current.detection)
        exchange.tasks.start(_run(exchange, call, live), "agent")
    else:
        del exchange.lives[call.id]
        live.finish((current and current.end_reason) or "the call is over")
    return live


async def _note_start(exchange: Exchange, call: Call) -> Call | None:
    """Write that the agent starts, unless the call is over by now; the call as it stands.

    What is reported from here on, the live call is told.
    """
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id)
        if current is not None and not current.is_over:
            named = {"agent": call.agent or desk.NAME}
            await timeline.append(conn, call.id, AGENT_STARTED, named, now())
    return current


def _opt_out_key(exchange: Exchange, call: Call) -> str | None:
    """Whom we call may ask not to be called; the keys of a caller mean what the agent takes them for."""
    return exchange.settings.opt_out_key if call.direction is Direction.OUTBOUND else None


async def _note_missing(exchange: Exchange, call: Call, reason: str) -> None:
    async with exchange.database.write() as conn:
        facts = {"agent": call.agent, "reason": reason}
        await timeline.append(conn, call.id, "agent-missing", facts, now())


def _whole_targets(exchange: Exchange) -> tuple[str, ...]:
    """The allow list's entries that are one number or address each."""
    return tuple(entry for entry in exchange.settings.transfer_allow if "*" not in entry)


async def _run(exchange: Exchange, call: Call, live: LiveCall) -> None:
    exchange.metrics.live.inc()
    timer = asyncio.create_task(endings.enforce_length(exchange, call, WARN_SECONDS))
    try:
        with structlog.contextvars.bound_contextvars(call=call.id):
            await _talk(exchange, call, live)
    finally:
        live.finish("the agent is done")
        timer.cancel()
        exchange.lives.pop(call.id, None)
        exchange.pressing.pop(call.id, None)
        exchange.taps.close(call.id, exchange.clock.now())
        exchange.metrics.live.dec()
        with suppress(asyncio.CancelledError):
            await timer


async def _talk(exchange: Exchange, call: Call, live: LiveCall) -> None:
    if call.route:
        current = await desk.before_agent(exchange, call, live)
        if current is None:
            return
        call = current
    try:
        agent = exchange.agents.find(call.agent)
    except (NotFound, ConfigurationError) as error:
        log.error("the call has no agent", reason=str(error))
        await _note_missing(exchange, call, str(error))
        await endings.hang_up(exchange, call, AGENT_ERROR)
        return
    await voicemail.talk(exchange, call, live, agent)
