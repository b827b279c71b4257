"""One agent per call: started with the first stream, alive until the call is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from linecard.calls import Call, Direction
from linecard.errors import ConfigurationError, NotFound, RequestRefused
from linecard.exchange import desk, endings, voicemail
from linecard.exchange.context import Exchange
from linecard.exchange.house import House, OwnHouse
from linecard.exchange.presence import AGENT_STARTED
from linecard.exchange.recorded import new_live
from linecard.exchange.running_call import RunningCall
from linecard.live import LiveCall
from linecard.store import calls, timeline
from linecard.wall import now

log = structlog.get_logger()

WARN_SECONDS = 20


Live = TypeVar("Live", bound=RunningCall)


@dataclass(frozen=True, slots=True)
class Hands(Generic[Live]):
    """Where agents run: how a running call is made there, and what runs its agent to the end.

    `facts` go onto the call's record with the agent's start.
    """

    kind: type[Live]
    make: Callable[[Exchange, Call], Live]
    talk: Callable[[Exchange, Call, Live], Awaitable[None]]
    facts: Mapping[str, object] = field(default_factory=dict)


async def live_call(exchange: Exchange, call: Call, hands: Hands[Live]) -> Live:
    """The running call, made with the call's first stream. Raises RequestRefused where it runs elsewhere."""
    known = exchange.lives.get(call.id)
    if isinstance(known, hands.kind):
        return known
    if known is not None:
        raise RequestRefused("the call's agent is elsewhere")
    live = exchange.lives[call.id] = hands.make(exchange, call)
    live.transfer_targets = _whole_targets(exchange)
    live.opt_out_key = _opt_out_key(exchange, call)
    try:
        current = await _note_start(exchange, call, hands.facts)
    except BaseException:
        del exchange.lives[call.id]
        live.finish("its agent could not be started")
        raise
    if current is not None and not current.is_over:
        live.machine_detected(current.detection)
        exchange.tasks.start(_run(exchange, call, live, hands), "agent")
    else:
        del exchange.lives[call.id]
        live.finish((current and current.end_reason) or "the call is over")
    return live


async def _note_start(exchange: Exchange, call: Call, facts: Mapping[str, object]) -> Call | None:
    """Write that the agent starts, unless the call is over by now; the call as it stands.

    What is reported from here on, the live call is told.
    """
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id)
        if current is not None and not current.is_over:
            named = {"agent": call.agent or desk.NAME, **facts}
            await timeline.append(conn, call.id, AGENT_STARTED, named, now())
    return current


def _opt_out_key(exchange: Exchange, call: Call) -> str | None:
    """Whom we call may ask not to be called; the keys of a caller mean what the agent takes them for."""
    return exchange.settings.opt_out_key if call.direction is Direction.OUTBOUND else None


def _whole_targets(exchange: Exchange) -> tuple[str, ...]:
    """The allow list's entries that are one number or address each."""
    return tuple(entry for entry in exchange.settings.transfer_allow if "*" not in entry)


async def _run(exchange: Exchange, call: Call, live: Live, hands: Hands[Live]) -> None:
    exchange.metrics.live.inc()
    timer = asyncio.create_task(endings.enforce_length(exchange, call, WARN_SECONDS))
    try:
        with structlog.contextvars.bound_contextvars(call=call.id):
            await hands.talk(exchange, call, live)
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
    await talk(OwnHouse(exchange), call, live)


async def talk(house: House, call: Call, live: LiveCall) -> None:
    """Run a call's agent in this process, and before it what its number's routing has to say."""
    if call.route:
        current = await desk.before_agent(house, call, live)
        if current is None:
            return
        call = current
    try:
        agent = house.agents.find(call.agent)
    except (NotFound, ConfigurationError) as error:
        await house.no_agent(call, str(error))
        return
    await voicemail.talk(house, call, live, agent)


HERE = Hands(LiveCall, new_live, _talk)
"""Agents in this process."""
