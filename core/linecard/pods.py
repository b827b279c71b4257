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


def _here(call: Call) -> PodLease:
    return PodLease(pod=HERE, call=call.id)


class Leases:
    """The places of calls: one a call, whatever its streams do, given back when it has ended."""

    def __init__(self) -> None:
        self._held: dict[str, PodLease] = {}

    async def of(self, plugins: Plugins, call: Call) -> PodLease:
        """The place of a call, allocated with its first stream."""
        if call.id not in self._held:
            self._held[call.id] = await _allocate(plugins, call)
        return self._held[call.id]

    async def give_back(self, plugins: Plugins, call_id: str) -> None:
        """Release the place of a call, if it has one; safe to repeat."""
        lease = self._held.pop(call_id, None)
        released = plugins.ask_first("release_pod", lease=lease) if lease else None
        if released is not None:
            await released


async def _allocate(plugins: Plugins, call: Call) -> PodLease:
    """A fresh lease. A plugin that is too slow is passed over: the caller never waits in silence."""
    asked = plugins.ask_first("allocate_pod", call=call)
    if asked is None:
        return _here(call)
    try:
        lease: PodLease = await asyncio.wait_for(asked, DEADLINE_SECONDS)
    except TimeoutError:
        log.warning("no pod in time; the call stays in this process", call=call.id)
        return _here(call)
    return lease
