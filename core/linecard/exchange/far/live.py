"""A running call whose agent is in a pod: what is asked and told here goes there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
import structlog

from linecard.errors import CallOver, LinecardError
from linecard.events import TransferResult
from linecard.pods.link import LinkLost

if TYPE_CHECKING:
    from linecard.calls import Detection
    from linecard.events import AgentEvent
    from linecard.pods.link import Link
    from linecard.transfers import TransferWish


log = structlog.get_logger()

End = Callable[[str], Awaitable[None]]
ASK_SECONDS = 30.0
HANG_UP_SECONDS = 8.0
"""A pod waits 3 s for what is queued to be heard, and 5 s for the carrier; then the end is asked for here."""


class FarLive:
    """The server's side of a LiveCall; its state is what the pod told last. `end` ends the call at the carrier."""

    def __init__(self, call_id: str, link: Link, end: End) -> None:
        self.transfer_targets: tuple[str, ...] = ()
        self.opt_out_key: str | None = None
        self.silent_since: float | None = None
        self.streaming = self.transferring = self.handed_over = False
        self.over: str | None = None
        self.detection: Detection | None = None
        self._call_id = call_id
        self._link = link
        self._end = end
        self._done = asyncio.Event()
        self.is_lost = False
        self.over_at: float | None = None
        self._was_bridged = False

    def stands(self, facts: Mapping[str, bool]) -> None:
        """How the call stands in the pod. That it was handed over, the pod knows from here: else it is not so."""
        self.streaming = bool(facts["streaming"])
        self.transferring = bool(facts["transferring"])
        self.handed_over = bool(facts["handed_over"]) and self._was_bridged

    async def hang_up(self, *, now: bool = False, reason: str = "hung up by the agent") -> None:
        """End it, at the carrier first; without the pod, where that is too slow."""
        try:
            async with asyncio.timeout(HANG_UP_SECONDS):
                await self._link.ask("hang_up", now=now, reason=reason)
        except (TimeoutError, LinecardError) as error:
            log.warning("a pod does not end its call", call=self._call_id, reason=str(error))
            await self._end(reason)

    async def send_digits(self, digits: str, *, how: str | None = None) -> None:
        """Press keys toward the caller."""
        await self._ask("send_digits", digits=digits, how=how)

    async def begin_transfer(self, wish: TransferWish) -> None:
        """A transfer asked for outside the agent."""
        await self._ask("begin_transfer", wish=msgspec.to_builtins(wish))

    async def flush(self) -> None:
        """Wait until the caller has heard what is queued now, at most 3 s."""
        await self._ask("flush")

    async def leave_stream(self) -> None:
        """The caller is brought elsewhere."""
        await self._ask("leave_stream")

    def report(self, event: AgentEvent) -> None:
        """Tell the agent."""
        facts = msgspec.to_builtins(event)
        self._link.tell("report", kind=type(event).__name__, facts=facts)

    def machine_detected(self, found: Detection | None) -> None:
        """Who answered, as the record has it."""
        self.detection = found
        self._link.tell("machine", found=msgspec.to_builtins(found))

    def transfer_ended(self, result: TransferResult) -> None:
        """The carrier has reported the end of a transfer."""
        self._was_bridged = self._was_bridged or result is TransferResult.BRIDGED
        self._link.tell("transfer_ended", result=str(result))

    def leg_bridged(self) -> None:
        """The caller is connected with the target of a transfer."""
        self.handed_over = self._was_bridged = True
        self._link.tell("leg_bridged")

    def finish(self, reason: str) -> None:
        """It is over; safe to repeat, the first reason stays."""
        if self.over is None:
            self.over, self.over_at = reason, time.monotonic()
            self._link.tell("finish", reason=reason)

    def done(self) -> None:
        """Its agent has finished, and the call's end was asked for."""
        self._done.set()

    def lost(self) -> None:
        """The pod is gone."""
        self.is_lost = not self._done.is_set()
        self.streaming = False
        self._done.set()

    async def until_done(self) -> None:
        """Wait until the agent has finished, or the pod is gone."""
        await self._done.wait()

    async def _ask(self, what: str, **facts: object) -> None:
        """Raises CallOver where the pod is gone, or does not answer."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._link.ask(what, **facts)
        except LinkLost:
            raise CallOver(self._call_id, "its pod is gone") from None
        except TimeoutError:
            raise CallOver(self._call_id, "its pod does not answer") from None
