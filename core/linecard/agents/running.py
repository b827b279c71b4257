"""Running an agent: once for each call, whatever its streams do, and never beyond the call for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import structlog

from linecard.agents.declared import Agent, CallbackAgent, Function
from linecard.errors import CallOver

if TYPE_CHECKING:
    from linecard.live import LiveCall

log = structlog.get_logger()

GRACE_SECONDS = 5.0
"""After the call's end an agent may finish its notes for so long; then it is cancelled."""
CANCEL_SECONDS = 1.0
"""An agent that ignores its cancellation for so long is left behind."""


class AgentExited(Exception):
    """An agent has called sys.exit, which would have ended the server."""


async def run_agent(agent: Agent, live: LiveCall) -> None:
    """Run an agent for a call, from its first stream on, and tell the control how it ended.

    A normal return, CallOver, and a cancellation after the call's end are `completed`; anything else
    it raises is logged and is `agent_error`.
    """
    work = asyncio.get_running_loop().create_task(_run(agent, live), name=f"agent of {live.id}")
    ended = asyncio.get_running_loop().create_task(live.ended())
    try:
        await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=GRACE_SECONDS / live.clock.speed)
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
        await _stop(work, agent, live)
    await live.agent_finished(_result(work, agent, live))


async def _run(agent: Agent, live: LiveCall) -> None:
    await live.first_stream()
    try:
        if agent.has_callbacks:
            await _run_callbacks(cast(type[CallbackAgent], agent.target), live)
        else:
            await cast(Function, agent.target)(live)
    except SystemExit as error:
        raise AgentExited(f"the agent called sys.exit({error.code})") from error


async def _run_callbacks(kind: type[CallbackAgent], live: LiveCall) -> None:
    one = kind(live)
    live.listen(one.on_audio, getattr(one, "on_digit", None), getattr(one, "on_mark", None))
    run = getattr(one, "run", live.ended)
    loop = asyncio.get_running_loop()
    work, failing = loop.create_task(run()), loop.create_task(live.callback_failed())
    try:
        await asyncio.wait({work, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            raise failing.result()
        await work
    finally:
        work.cancel()
        failing.cancel()
        await asyncio.gather(work, failing, return_exceptions=True)


async def _stop(work: asyncio.Task[None], agent: Agent, live: LiveCall) -> None:
    if work.done():
        return
    work.cancel()
    await asyncio.wait({work}, timeout=CANCEL_SECONDS)
    if not work.done():
        log.error("the agent ignores its cancellation and is left behind", **_names(agent, live))


def _result(work: asyncio.Task[None], agent: Agent, live: LiveCall) -> str:
    """How the agent ended; a failure is logged with its traceback."""
    if not work.done():
        return "agent_error"
    if work.cancelled():
        return "completed" if live.is_over else _failure(agent, live, "it cancelled itself")
    error = work.exception()
    if error is None or isinstance(error, CallOver):
        return "completed"
    return _failure(agent, live, error)


def _failure(agent: Agent, live: LiveCall, error: BaseException | str) -> str:
    if isinstance(error, str):
        log.error("the agent failed", **_names(agent, live), reason=error)
    else:
        log.error("the agent failed", **_names(agent, live), exc_info=error)
    return "agent_error"


def _names(agent: Agent, live: LiveCall) -> dict[str, str]:
    return {"call": live.id, "agent": agent.name, "source": agent.source}
