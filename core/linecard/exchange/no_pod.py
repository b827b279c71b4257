"""What a caller gets for whom no pod is free: as `LINECARD_NO_POD` says, another try soon or an end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from linecard.calls import Call, Direction
from linecard.errors import NoFreePod
from linecard.exchange import deciding
from linecard.exchange.noting import note
from linecard.settings import NoPod
from linecard.verbs import Reason, Reject

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange
    from linecard.plugins import Relay
    from linecard.webhook import Reply

T = TypeVar("T")

AGAIN_SECONDS = 0.25
NO_POD = "no-pod"


async def retried(work: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Do something for which a pod is needed, again and again for some seconds. Raises NoFreePod."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return await work()
        except NoFreePod:
            if time.monotonic() >= ends:
                raise
            await asyncio.sleep(AGAIN_SECONDS)


def waits(exchange: Exchange) -> bool:
    """Whether callers wait for a pod."""
    return exchange.settings.no_pod is not NoPod.REJECT


async def turn_away(
    exchange: Exchange, relay: Relay, call: Call, reason: Reason, why: NoFreePod
) -> Reply:
    """The busy tone for a caller who was not answered yet, else the apology; it stands on the record."""
    facts: dict[str, object] = {"reason": str(why)}
    exchange.tasks.start(note(exchange, call.id, NO_POD, facts), "note that no pod is free")
    rings = reason is Reason.ANSWER and call.direction is Direction.INBOUND
    verbs = [Reject(busy=True)] if rings else deciding.apology(exchange, call)
    return relay.hooks.answer(call, verbs, reason).reply
