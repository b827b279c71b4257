"""What is asked of a lead at the last instant, one check each; all are read in the intent's transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Numeric, case, cast, func, select

from linecard import now
from linecard_campaigns import windows
from linecard_campaigns.caps import longest, reached
from linecard_campaigns.clocks import Clocks
from linecard_campaigns.retrying import next_due
from linecard_campaigns.standing import DIALLED, WAS_CALLED, Standing, outcomes
from linecard_campaigns.tables import attempts, leads
from linecard_campaigns.tickets import Refusal

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Call

Check = Callable[["AsyncConnection", Standing, "Call"], Awaitable[Refusal | None]]

PARKED = Refusal(reason="its campaign is paused", parks=True)
STOPPED = Refusal(reason="its campaign was stopped", ends="canceled", outcome="stopped")
FULL = Refusal(reason="all channels of its campaign are in use", wait=1.0)
NO_MORE = "the campaign's plan tries it no more"
CLOCKS = Clocks()


async def campaign_runs(_conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """A paused campaign keeps its leads, a stopped one ends them; one that was finished goes on with new ones."""
    return {"paused": PARKED, "stopped": STOPPED}.get(stands.campaign["status"])


async def it_is_time(_conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """Not before the lead's own time, and within the hours where the person may be."""
    lead, plan, at = stands.lead, stands.plan, now()
    if lead["not_before"] is not None and at < lead["not_before"]:
        return Refusal(reason="it is not to be called yet", until=lead["not_before"])
    if plan.at_any_hour:
        return None
    zones = windows.zones_of(lead["to"], lead["timezone"], plan.timezone)
    shut = windows.closed(plan.hours, zones, *CLOCKS.read())
    if shut is None:
        return None
    if shut.until is None:
        return Refusal(reason=shut.reason, ends="failed", outcome="never-open")
    return Refusal(reason=shut.reason, until=max(shut.until, at))


async def is_still_tried(conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """A lead that waits for another attempt has it if the plan of today gives it one."""
    if stands.lead["status"] != "retry":
        return None
    past = await outcomes(conn, stands.lead["id"])
    due = next_due(stands.plan.retry, past, stands.lead["id"], now())
    if not past or (due is not None and len(past) < stands.plan.max_attempts):
        return None
    return Refusal(reason=NO_MORE, ends="failed", outcome=past[-1])


async def seldom_enough(conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """The caps count every campaign's attempts to the number."""
    caps = stands.plan.caps
    if not caps:
        return None
    at = min(CLOCKS.read())
    query = select(attempts.c.created_at).where(
        attempts.c.to == stands.lead["to"], attempts.c.created_at > at - longest(caps), WAS_CALLED
    )
    held = reached(caps, (await conn.execute(query)).scalars(), at)
    return None if held is None else Refusal(reason=held.reason, until=held.until)


async def within_budget(conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """By the prices told so far; what is not priced yet counts as much as the dearest one."""
    budget = stands.plan.budget
    if budget is None:
        return None
    spent = await _spent(conn, stands.campaign["id"])
    if spent < budget:
        return None
    return Refusal(reason=f"the budget of {budget} US dollars is spent: {spent:.2f}", pauses=True)


async def _spent(conn: AsyncConnection, campaign: str) -> Decimal:
    cost = cast(attempts.c.cost, Numeric(18, 6))
    may_cost = attempts.c.cost.is_(None) & (attempts.c.answered | attempts.c.ended_at.is_(None))
    query = select(
        func.sum(cost),
        func.max(cost),
        func.coalesce(func.sum(case((may_cost, 1), else_=0)), 0),
    ).where(attempts.c.campaign_id == campaign)
    priced, dearest, unpriced = (await conn.execute(query)).one()
    return Decimal(priced or 0) + int(unpriced) * Decimal(dearest or 0)


async def has_a_channel(conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """The campaign's own channels, counted from its leads; a number's are the core's affair."""
    channels = stands.plan.channels
    if channels is None:
        return None
    live = select(func.count()).where(
        leads.c.campaign_id == stands.lead["campaign_id"], leads.c.status.in_(DIALLED)
    )
    return FULL if (await conn.execute(live)).scalar_one() >= channels else None


async def in_its_pace(conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """The campaign's own calls a second; the carrier's are the core's affair."""
    rate = stands.plan.calls_per_second
    if rate is None:
        return None
    most = max(1, int(rate))
    window, at = timedelta(seconds=most / rate), now()
    latest = await _last_attempts(conn, stands, at - window, most)
    if len(latest) < most:
        return None
    wait = (latest[-1] + window - at).total_seconds()
    return Refusal(reason=f"{rate:g} calls a second are allowed", wait=max(0.01, wait))


async def _last_attempts(
    conn: AsyncConnection, stands: Standing, since: datetime, most: int
) -> list[datetime]:
    query = (
        select(attempts.c.created_at)
        .where(attempts.c.number.in_(stands.plan.numbers), attempts.c.created_at > since)
        .where(attempts.c.campaign_id == stands.campaign["id"])
        .order_by(attempts.c.created_at.desc())
        .limit(most)
    )
    return list((await conn.execute(query)).scalars())


CHECKS: tuple[Check, ...] = (
    campaign_runs,
    is_still_tried,
    it_is_time,
    seldom_enough,
    within_budget,
    has_a_channel,
    in_its_pace,
)
"""In their order; the first refusal counts."""
