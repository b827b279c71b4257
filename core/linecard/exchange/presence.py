"""Whether a call can still have an agent: it gets one, once, and in one process.

A call that comes in may have none: it is refused, sent elsewhere, or hears a menu first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.exchange.context import Exchange
from linecard.store import timeline

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

AGENT_STARTED = "agent-started"
ON_STREAM = "on_stream"
"""In a call's route: our own stream speaks to the caller, since the carrier's documents cannot."""


def is_attended(call: Call) -> bool:
    """Whether a call without an agent has a stream all the same, on which it is spoken to."""
    return bool(call.route.get(ON_STREAM))


async def agent_is_gone(conn: AsyncConnection, exchange: Exchange, call: Call) -> bool:
    """The call had an agent and has none now: there is nobody whom a stream could reach."""
    if call.id in exchange.lives:
        return False
    if not call.agent and not is_attended(call):
        return True
    return any(line.name == AGENT_STARTED for line in await timeline.of_call(conn, call.id))
