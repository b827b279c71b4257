"""Where the audio of a call goes: this process, unless a plugin allocates a place of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from linecard.carrier import PodLease

if TYPE_CHECKING:
    from linecard.calls import Call
    from linecard.plugins import Plugins

log = structlog.get_logger()

HERE = "local"
DEADLINE_SECONDS = 2.0
"""How long an answer may wait for a place while its caller hears the ringing tone."""
LONGEST_SECONDS = 60.0
"""How long a place that was asked for while the call rang may take."""


def _here(call: Call) -> PodLease:
    return PodLease(pod=HERE, call=call.id)


class Leases:
    """The places of calls: one a call, whatever its streams do, given back when it has ended."""

    def __init__(self) -> None:
        self._held: dict[str, PodLease] = {}
        self._asked: dict[str, asyncio.Task[PodLease]] = {}

    def begin(self, plugins: Plugins, call: Call) -> None:
        """Ask for the place of a call that is not answered yet, so that its answer need not wait."""
        if call.id not in self._held and call.id not in self._asked:
            self._asked[call.id] = asyncio.create_task(_allocate(plugins, call), name="a pod")

    async def of(self, plugins: Plugins, call: Call, within: float = DEADLINE_SECONDS) -> PodLease:
        """The place of a call. A plugin that is too slow is passed over: the caller never waits in silence."""
        if call.id not in self._held:
            self._held[call.id] = await self._found(plugins, call, within)
        return self._held[call.id]

    async def _found(self, plugins: Plugins, call: Call, within: float) -> PodLease:
        if call.id not in self._asked and not plugins.answers("allocate_pod"):
            return _here(call)
        self.begin(plugins, call)
        return await self._soon(call, within)

    async def _soon(self, call: Call, within: float) -> PodLease:
        asked = self._asked[call.id]
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(asked)
        except TimeoutError:
            asked.cancel()
            log.warning("no pod in time; the call stays in this process", call=call.id)
            return _here(call)
        finally:
            self._asked.pop(call.id, None)

    async def give_back(self, plugins: Plugins, call_id: str) -> None:
        """Release the place of a call, if it has one; safe to repeat."""
        asked = self._asked.pop(call_id, None)
        lease = self._held.pop(call_id, None)
        if asked is not None and not await _cancelled(asked):
            lease = lease or asked.result()
        released = plugins.ask_first("release_pod", lease=lease) if lease else None
        if released is not None:
            await released


async def _cancelled(asked: asyncio.Task[PodLease]) -> bool:
    """Stop asking; False where the place was there already."""
    asked.cancel()
    await asyncio.wait({asked})
    return asked.cancelled() or asked.exception() is not None


async def _allocate(plugins: Plugins, call: Call) -> PodLease:
    """A fresh lease; the call stays here where no plugin gives places, or its plugin is at fault."""
    asked = plugins.ask_first("allocate_pod", call=call)
    if asked is None:
        return _here(call)
    try:
        lease: PodLease = await asyncio.wait_for(asked, LONGEST_SECONDS)
    except TimeoutError:
        return _here(call)
    return lease
