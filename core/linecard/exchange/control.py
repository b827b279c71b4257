"""What a live call may ask, carried out in this process."""

from __future__ import annotations

from linecard.calls import Call
from linecard.carrier import TransferStart
from linecard.errors import CallOver
from linecard.events import RecordingResult
from linecard.exchange import dialups, endings, noting, opting, pressing, recording_acts
from linecard.exchange.context import Exchange
from linecard.exchange.patience import until_free
from linecard.store import calls
from linecard.transfers import TransferWish


class LocalControl:
    """The control of calls whose audio runs in this process."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def hang_up(self, call_id: str, reason: str) -> None:
        """End the call at the carrier."""
        await endings.hang_up(self._exchange, await self._call(call_id), reason)

    async def transfer(self, call_id: str, wish: TransferWish) -> TransferStart:
        """Ask the carrier to dial the targets."""
        call = await self._live(call_id)
        return await dialups.begin(self._exchange, call, wish)

    async def record(
        self, call_id: str, action: str, resume_after: int | None = None
    ) -> RecordingResult:
        """`start`, `stop`, `pause` or `resume` the recording."""
        call = await self._live(call_id)
        return await recording_acts.act(self._exchange, call, action, resume_after)

    async def send_digits(self, call_id: str, digits: str) -> None:
        """Press keys toward the far end by the carrier's API."""
        await pressing.by_api(self._exchange, await self._live(call_id), digits)

    async def press_by_document(self, call_id: str, digits: str) -> None:
        """Press keys in a document."""
        await pressing.by_document(self._exchange, await self._live(call_id), digits)

    async def opt_out(self, call_id: str) -> None:
        """Block calls to the other side's number."""
        await opting.opt_out(self._exchange, call_id)

    async def note(self, call_id: str, name: str, facts: dict[str, object]) -> None:
        """Write a line on the call's record."""
        await noting.note(self._exchange, call_id, name, facts)

    async def set_outcome(self, call_id: str, outcome: str) -> None:
        """Keep the agent's own result."""

        async def write() -> None:
            async with self._exchange.database.write() as conn:
                if await noting.is_open(conn, call_id):
                    await calls.update(conn, call_id, outcome=outcome)

        await until_free(self._exchange.database, write)

    async def agent_finished(self, call_id: str, reason: str) -> None:
        """End the call after its agent, unless the caller was handed to somebody."""
        await self.note(call_id, "agent-finished", {"reason": reason})
        live = self._exchange.lives.get(call_id)
        if live is not None and live.handed_over:
            return
        await endings.hang_up(self._exchange, await self._call(call_id), reason)

    async def _call(self, call_id: str) -> Call:
        async with self._exchange.database.read() as conn:
            call = await calls.get(conn, call_id)
        if call is None:
            raise CallOver(call_id, "it is not on record")
        return call

    async def _live(self, call_id: str) -> Call:
        call = await self._call(call_id)
        if call.is_over or call.closing:
            raise CallOver(call_id, call.end_reason or call.closing or "")
        return call
