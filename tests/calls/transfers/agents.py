"""The agent of the table: it transfers by its plan, and leaves when it is to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import linecard
from linecard import CallOver, CarrierError
from tests.calls.transfers.cases import BACK
from tests.calls.transfers.cues import Cue


class Failure(Exception):
    """What an agent that fails raises."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """What the agent does with a caller. `asks_after`: it waits for that; `leaves_at`: it leaves then, by
    hanging up, or by failing where it `fails`; `stays`: who is back with it is left to hang up."""

    to: tuple[str, ...]
    wish: dict[str, Any]
    asking: Cue = field(default_factory=Cue)
    back: Cue = field(default_factory=Cue)
    asks_after: Cue | None = None
    leaves_at: Cue | None = None
    fails: bool = False
    stays: bool = False
    has_left: bool = False
    result: str = "none"
    is_lost: bool = False


PLANS: dict[str, Plan] = {}
"""By the caller's number."""


@linecard.agent
async def mover(call: linecard.LiveCall) -> None:
    """Transfers by its plan; what became of it is kept there."""
    plan = PLANS[call.from_ or ""]
    moving = asyncio.create_task(_move(call, plan))
    if plan.leaves_at is not None:
        await _leave(call, plan)
    await moving
    if plan.stays and plan.back.is_reached:
        with suppress(CallOver):
            await call.ended()


async def _leave(call: linecard.LiveCall, plan: Plan) -> None:
    """Leave at the moment; where it never comes, once the caller is back or gone."""
    assert plan.leaves_at is not None
    moments = [plan.leaves_at.wait(), plan.back.wait(), call.ended()]
    waiting = {asyncio.ensure_future(one) for one in moments}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    plan.has_left = plan.leaves_at.is_reached
    if plan.has_left and plan.fails:
        raise Failure("in the midst of a transfer")
    await call.hang_up(now=True)


async def _move(call: linecard.LiveCall, plan: Plan) -> None:
    plan.asking.reach()
    if plan.asks_after is not None:
        await plan.asks_after.wait()
    try:
        plan.result = str(await call.transfer(plan.to, **plan.wish))
    except CallOver:
        plan.result = "over"
    except CarrierError:
        plan.result = "refused"
    if plan.result in BACK:
        plan.is_lost = not (call.streaming or call.is_over)
        plan.back.reach()


@linecard.agent
class Callbacks:
    """The same in callbacks: asked at the first frame, and listening all the while."""

    def __init__(self, call: linecard.LiveCall) -> None:
        self._call = call
        self._plan = PLANS[call.from_ or ""]
        self._moving: asyncio.Task[None] | None = None

    def on_audio(self, pcm: bytes) -> None:
        if self._moving is None:
            self._moving = asyncio.create_task(_move(self._call, self._plan))
