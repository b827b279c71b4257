"""The rules of a plan as the last-instant gate asks them: what they look at is read in its transaction."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from linecard.wall import now
from linecard_campaigns import caps, guarding, windows
from linecard_campaigns.clocks import Clocks, differ
from linecard_campaigns.tables import attempts
from linecard_campaigns.tickets import Refusal, held

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Call
    from linecard_campaigns.standing import Standing

log = structlog.get_logger()

CLOCKS = Clocks()
REFUSED = "refused"
"""The outcome of a lead that may never be called."""


async def within_hours(_conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """Nobody is called outside the hours of the plan, wherever they may be."""
    if stands.plan.at_any_hour:
        return None
    clocks = CLOCKS.read()
    if differ(clocks):
        log.warning("the machine's clock was set; both times count", clocks=clocks)
    zones = windows.zones_of(stands.lead["to"], stands.lead["timezone"], stands.plan.timezone)
    shut = windows.closed(stands.plan.hours, zones, *clocks)
    if shut is None:
        return None
    if shut.until is None:
        return Refusal(reason=shut.reason, ends="canceled", outcome=REFUSED)
    return Refusal(reason=shut.reason, until=shut.until)


async def under_caps(conn: AsyncConnection, stands: Standing, call: Call) -> Refusal | None:
    """Nobody is called more often than the plan's caps allow, whatever campaign called them before."""
    if not stands.plan.caps:
        return None
    at = now()
    since = at - caps.longest(stands.plan.caps)
    query = select(attempts.c.created_at).where(
        attempts.c.to == call.to, attempts.c.created_at > since
    )
    made = (await conn.execute(query)).scalars()
    reached = caps.reached(stands.plan.caps, made, at)
    return Refusal(reason=reached.reason, until=reached.until) if reached else None


async def within_budget(conn: AsyncConnection, stands: Standing, _call: Call) -> Refusal | None:
    """A campaign pauses when its calls have cost its budget, what is under way included."""
    budget = stands.plan.budget
    if budget is None:
        return None
    spent = await _spent(conn, stands.campaign["id"])
    if spent < budget:
        return None
    return Refusal(reason=f"{spent:.2f} of {budget:.2f} US dollars are spent", pauses=True)


async def _spent(conn: AsyncConnection, campaign: str) -> Decimal:
    """What calls without a price will cost nobody knows: each counts as the dearest one so far."""
    query = select(attempts.c.cost, attempts.c.answered, attempts.c.ended_at).where(
        attempts.c.campaign_id == campaign
    )
    priced, unpriced = list[Decimal](), 0
    for cost, answered, ended_at in await conn.execute(query):
        if cost is not None:
            priced.append(Decimal(cost))
        elif answered or ended_at is None:
            unpriced += 1
    return sum(priced, Decimal(0)) + unpriced * max(priced, default=Decimal(0))


async def unharmed(conn: AsyncConnection, stands: Standing, call: Call) -> Refusal | None:
    """A campaign pauses when the calls of its number go wrong.

    Those since it last began to run are looked at: who lets it go on has seen those before.
    """
    guard = stands.plan.guard
    if guard is None:
        return None
    seen = await _seen(conn, call.number, stands.campaign["updated_at"], guard)
    reason = guarding.paused_because(guard, _limits(call), call.number, seen)
    return Refusal(reason=reason, pauses=True) if reason else None


async def _seen(
    conn: AsyncConnection, number: str, since: datetime, guard: guarding.Guard
) -> list[guarding.Seen]:
    """The newest calls of a number that are over, the newest last; whatever campaign made them."""
    query = (
        select(attempts.c.answered, attempts.c.duration)
        .where(attempts.c.number == number, attempts.c.created_at > since)
        .where(attempts.c.ended_at.is_not(None))
        .order_by(attempts.c.created_at.desc())
        .limit(guarding.calls_to_look_at(guard))
    )
    found = (await conn.execute(query)).all()
    return [guarding.Seen(answered, duration or 0) for answered, duration in reversed(found)]


def _limits(call: Call) -> guarding.Limits:
    """The shares that the call's carrier allows, as the dialler has them from its facts."""
    ticket = held()
    if ticket is None or ticket.facts is None:
        return guarding.Limits()
    facts = ticket.facts(call.provider, call.account)
    if call.to.startswith(tuple(facts.uncounted)):
        return guarding.Limits()
    return guarding.Limits(facts.most_short, facts.most_unanswered)
