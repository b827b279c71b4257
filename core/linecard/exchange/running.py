"""One agent per call: started with the first stream, alive until the call is over."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from linecard.agents import run_agent
from linecard.calls import Call
from linecard.errors import ConfigurationError, NotFound
from linecard.exchange import endings
from linecard.exchange.context import Exchange
from linecard.exchange.control import LocalControl
from linecard.live import LiveCall
from linecard.store import timeline
from linecard.wall import now

log = structlog.get_logger()

WARN_SECONDS = 20


async def live_call(exchange: Exchange, call: Call) -> LiveCall:
    """The running call; made with the call's first stream, and its agent with it."""
    known = exchange.lives.get(call.id)
    if known is not None:
        return known
    live = exchange.lives[call.id] = LiveCall(call, LocalControl(exchange), exchange.clock)
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "agent-started", {"agent": call.agent}, now())
    exchange.tasks.start(_run(exchange, call, live), "agent")
    return live


async def _run(exchange: Exchange, call: Call, live: LiveCall) -> None:
    exchange.metrics.live.inc()
    timer = asyncio.create_task(endings.enforce_length(exchange, call, WARN_SECONDS))
    try:
        with structlog.contextvars.bound_contextvars(call=call.id):
            await _talk(exchange, call, live)
            live.finish("the agent is done")
    finally:
        timer.cancel()
        exchange.lives.pop(call.id, None)
        exchange.taps.close(call.id, exchange.clock.now())
        exchange.metrics.live.dec()
        with suppress(asyncio.CancelledError):
            await timer


async def _talk(exchange: Exchange, call: Call, live: LiveCall) -> None:
    try:
        agent = exchange.agents.find(call.agent)
    except (NotFound, ConfigurationError) as error:
        log.error("the call has no agent", reason=str(error))
        await endings.hang_up(exchange, call, "agent_error")
        return
    await run_agent(agent, live)
