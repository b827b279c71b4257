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


async def allocate(plugins: Plugins, call: Call) -> PodLease:
    """The lease for a call. A plugin that is too slow is passed over: the caller never waits in silence."""
    asked = plugins.ask_first("allocate_pod", call=call)
    if asked is None:
        return _here(call)
    try:
        lease: PodLease = await asyncio.wait_for(asked, DEADLINE_SECONDS)
    except TimeoutError:
        log.warning("no pod in time; the call stays in this process", call=call.id)
        return _here(call)
    return lease
