"""Whether a call can still have an agent: it gets one, once, and in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.exchange.context import Exchange
from linecard.store import timeline

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

AGENT_STARTED = "agent-started"


async def agent_is_gone(conn: AsyncConnection, exchange: Exchange, call: Call) -> bool:
    """The call had an agent and has none now: there is nobody whom a stream could reach."""
    if call.id in exchange.lives:
        return False
    return any(line.name == AGENT_STARTED for line in await timeline.of_call(conn, call.id))
