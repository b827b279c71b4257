"""An agent that transfers as it is told, and what it is told by the number that calls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import linecard
from linecard import CallOver, CarrierError


@dataclass(slots=True, kw_only=True)
class Plan:
    """What the agent does with a caller: transfer so, and hang up after some seconds where asked to."""

    to: tuple[str, ...]
    wish: dict[str, Any] = field(default_factory=dict)
    hangs_up_after: float | None = None
    result: str | None = None
    is_back: bool = False


PLANS: dict[str, Plan] = {}
"""By the caller's number."""


@linecard.agent
async def mover(call: linecard.LiveCall) -> None:
    """Transfers by its plan; what became of it is kept there."""
    plan = PLANS[call.from_ or ""]
    if plan.hangs_up_after is None:
        await _move(call, plan)
        return
    moving = asyncio.create_task(_move(call, plan))
    await call.clock.sleep(plan.hangs_up_after)
    await call.hang_up(now=True)
    await moving


async def _move(call: linecard.LiveCall, plan: Plan) -> None:
    try:
        plan.result = str(await call.transfer(plan.to, **plan.wish))
        plan.is_back = call.streaming
    except CallOver:
        plan.result = "over"
    except CarrierError:
        plan.result = "refused"
