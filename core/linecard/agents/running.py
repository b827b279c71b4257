"""Running an agent: once per call, and never beyond its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from linecard.errors import CallOver

if TYPE_CHECKING:
    from linecard.agents.declare import Agent

log = structlog.get_logger()

GRACE_SECONDS = 5.0
"""How long an agent may go on after its call has ended."""
CANCEL_SECONDS = 1.0


class Held(Protocol):
    """The call, as the runner needs it."""

    @property
    def id(self) -> str:
        """The call's id."""

    async def until_over(self) -> str:
        """Wait for the call's end."""

    def use_callbacks(self, callbacks: object) -> None:
        """Give audio straight to an object."""


async def run_agent(agent: Agent, call: Held) -> str:
    """Run an agent to its end; `completed` or `agent_error`. It never raises for the agent's faults."""
    talking = asyncio.create_task(_talk(agent, call), name=f"agent {agent.name}")
    over = asyncio.create_task(call.until_over(), name="call over")
    try:
        await asyncio.wait({talking, over}, return_when=asyncio.FIRST_COMPLETED)
        if not talking.done():
            await _end(agent, call, talking)
    finally:
        over.cancel()
        talking.cancel()
    return talking.result() if talking.done() and not talking.cancelled() else "completed"


async def _talk(agent: Agent, call: Held) -> str:
    try:
        await _run(agent, call)
    except CallOver:
        return "completed"
    except (Exception, SystemExit):
        log.exception("the agent failed; its call is ended", agent=agent.name, call=call.id)
        return "agent_error"
    return "completed"


async def _run(agent: Agent, call: Held) -> None:
    if not agent.is_callback:
        await agent.target(call)
        return
    callbacks: Any = agent.target(call)
    call.use_callbacks(callbacks)
    run = getattr(callbacks, "run", None)
    await (run() if run is not None else call.until_over())


async def _end(agent: Agent, call: Held, talking: asyncio.Task[str]) -> None:
    """The call is over: the agent gets some seconds, then is cancelled, then abandoned."""
    await asyncio.wait({talking}, timeout=GRACE_SECONDS)
    if talking.done():
        return
    talking.cancel()
    await asyncio.wait({talking}, timeout=CANCEL_SECONDS)
    if not talking.done():
        log.error(
            "the agent ignores its call's end and is left behind", agent=agent.name, call=call.id
        )
