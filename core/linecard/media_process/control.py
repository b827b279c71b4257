"""What an agent in a pod asks of its call: carried out by the server, at the other end of the link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from linecard.calls import Call
from linecard.carrier import TransferStart
from linecard.errors import CallOver
from linecard.events import RecordingResult
from linecard.pods.faults import as_fault
from linecard.pods.link import LinkLost
from linecard.routing import as_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from linecard.agents import Agents
    from linecard.errors import LinecardError
    from linecard.pods.link import Link
    from linecard.routing import Action, Message
    from linecard.transfers import TransferWish


class FarControl:
    """The control of a pod's call, which the server knows: the ids that are given here are its."""

    def __init__(self, link: Link, tell_standing: Callable[[], None]) -> None:
        self._link = link
        self._tell_standing = tell_standing

    async def hang_up(self, call_id: str, reason: str) -> None:
        """End the call at the carrier."""
        await self._ask("hang_up", call_id, reason=reason)

    async def transfer(self, call_id: str, wish: TransferWish) -> TransferStart:
        """Ask the carrier to dial the targets."""
        said = await self._ask("transfer", call_id, wish=msgspec.to_builtins(wish))
        return TransferStart(said)

    async def record(
        self, call_id: str, action: str, resume_after: int | None = None
    ) -> RecordingResult:
        """`start`, `stop`, `pause` or `resume` the recording."""
        said = await self._ask("record", call_id, action=action, resume_after=resume_after)
        return msgspec.convert(said, RecordingResult)

    async def send_digits(self, call_id: str, digits: str) -> None:
        """Press keys toward the far end by the carrier's API."""
        await self._ask("send_digits", call_id, digits=digits)

    async def press_by_document(self, call_id: str, digits: str) -> None:
        """Press keys in a document."""
        await self._ask("press_by_document", call_id, digits=digits)

    async def opt_out(self, call_id: str) -> None:
        """Block calls to the other side's number."""
        await self._ask("opt_out", call_id)

    async def note(self, call_id: str, name: str, facts: dict[str, object]) -> None:
        """Write a line on the call's record."""
        await self._ask("note", call_id, name=name, facts=facts)

    async def set_outcome(self, call_id: str, outcome: str) -> None:
        """Keep the agent's own result."""
        await self._ask("set_outcome", call_id, outcome=outcome)

    async def agent_finished(self, call_id: str, reason: str) -> None:
        """The agent is done."""
        await self._ask("agent_finished", call_id, reason=reason)

    async def _ask(self, what: str, call_id: str, **facts: object) -> Any:
        """Raises CallOver where the server is gone: nothing can be asked of the call any more."""
        self._tell_standing()
        try:
            return await self._link.ask(what, **facts)
        except LinkLost:
            raise CallOver(call_id, "the server is gone") from None


class FarHouse:
    """The agents of a pod, and what the server does beside them."""

    def __init__(self, link: Link, agents: Agents) -> None:
        self._link = link
        self._agents = agents

    @property
    def agents(self) -> Agents:
        """The agents."""
        return self._agents

    async def sound(self, message: Message, rate: int) -> bytes:
        """A message as PCM."""
        said = await self._link.ask("sound", message=as_data(message), rate=rate)
        return msgspec.convert(said, bytes)

    async def routed(self, _call: Call, /) -> Call:
        """A call with no more to be routed."""
        return msgspec.convert(await self._link.ask("routed"), Call)

    async def settle(self, _call: Call, /, action: Action, reason: str) -> Call:
        """Write what a menu has come to."""
        said = await self._link.ask("settle", action=as_data(action), reason=reason)
        return msgspec.convert(said, Call)

    async def redirect_refused(self, _call: Call, /, error: LinecardError) -> None:
        """Write that a redirect may not be."""
        await self._link.ask("redirect_refused", fault=as_fault(error))

    async def no_agent(self, _call: Call, /, reason: str) -> None:
        """Write that there is no such agent, and end the call."""
        await self._link.ask("no_agent", reason=reason)
