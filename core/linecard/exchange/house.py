"""What the house does for a call before and beside its agent, wherever the agent runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from linecard.errors import LinecardError
from linecard.exchange import diverting, endings, menus, sounds
from linecard.exchange.noting import note
from linecard.exchange.reasons import AGENT_ERROR
from linecard.store import calls

if TYPE_CHECKING:
    from linecard.agents import Agents
    from linecard.calls import Call
    from linecard.exchange.context import Exchange
    from linecard.routing import Action, Message

log = structlog.get_logger()


class House(Protocol):
    """The agents of a process, and what is asked of the server that has the records."""

    @property
    def agents(self) -> Agents:
        """The agents."""
        ...

    async def sound(self, message: Message, rate: int) -> bytes:
        """A message as PCM at `rate`; empty where it cannot be had any more."""
        ...

    async def routed(self, call: Call, /) -> Call:
        """A call whose agent was known from the start, with no more to be routed."""
        ...

    async def settle(self, call: Call, /, action: Action, reason: str) -> Call:
        """Write what a menu has come to; the call with its agent, or none."""
        ...

    async def redirect_refused(self, call: Call, /, error: LinecardError) -> None:
        """Write that a redirect may not be."""
        ...

    async def no_agent(self, call: Call, /, reason: str) -> None:
        """Write that there is no such agent, and end the call."""
        ...


class OwnHouse:
    """The house of agents in this process."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def agents(self) -> Agents:
        """The agents."""
        return self._exchange.agents

    async def sound(self, message: Message, rate: int) -> bytes:
        """A message as PCM."""
        return await sounds.pcm(self._exchange.settings, message, rate)

    async def routed(self, call: Call, /) -> Call:
        """A call with no more to be routed."""
        async with self._exchange.database.write() as conn:
            return await calls.update(conn, call.id, route={})

    async def settle(self, call: Call, /, action: Action, reason: str) -> Call:
        """Write what a menu has come to."""
        return await menus.settle(self._exchange, call, action, reason)

    async def redirect_refused(self, call: Call, /, error: LinecardError) -> None:
        """Write that a redirect may not be."""
        await diverting.note_refused(self._exchange, call, error)

    async def no_agent(self, call: Call, /, reason: str) -> None:
        """Write that there is no such agent, and end the call."""
        log.error("the call has no agent", reason=reason)
        facts: dict[str, object] = {"agent": call.agent, "reason": reason}
        await note(self._exchange, call.id, "agent-missing", facts)
        await endings.hang_up(self._exchange, call, AGENT_ERROR)
