"""Campaigns that pause themselves, because the calls of one of their numbers go wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select, update

from linecard import NotFound, now
from linecard.store import numbers
from linecard_campaigns.guarding import Limits, Seen, calls_to_look_at, paused_because
from linecard_campaigns.standing import WAS_CALLED, plan_of
from linecard_campaigns.tables import attempts, campaigns

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Facts, Number
    from linecard.store import Database
    from linecard_campaigns.plans import Plan

log = structlog.get_logger()


FactsOf = Callable[[str, str], "Facts"]
"""The facts of an account. Raises NotFound where it is not set up."""


def nobody_knows(provider: str, account: str) -> Facts:
    """Facts of no account: then no carrier's shares are known."""
    raise NotFound("account", f"{provider}:{account}")


async def mind(database: Database, facts: FactsOf = nobody_knows) -> None:
    """Look once at the numbers of every running campaign, and pause those that have to be."""
    running = select(campaigns).where(campaigns.c.status == "running")
    async with database.read() as conn:
        found = (await conn.execute(running)).mappings().all()
        reasons = {
            one["id"]: await _reason(conn, plan_of(one), _since(one), facts) for one in found
        }
    for campaign, reason in reasons.items():
        if reason is not None:
            await _pause(database, campaign, reason)


def _since(campaign: RowMapping) -> datetime:
    """When it was begun or resumed; a change of its plan begins nothing anew."""
    since: datetime = campaign["watched_from"] or campaign["created_at"]
    return since


async def _reason(conn: AsyncConnection, plan: Plan, since: datetime, facts: FactsOf) -> str | None:
    for number in plan.numbers:
        limits = _limits(await numbers.get(conn, number), facts)
        calls = await _last_calls(conn, number, since, calls_to_look_at(plan.guard))
        reason = paused_because(plan.guard, limits, number, calls)
        if reason is not None:
            return reason
    return None


def _limits(number: Number | None, facts: FactsOf) -> Limits:
    """The shares that the number's carrier allows."""
    if number is None:
        return Limits()
    try:
        told = facts(number.provider, number.account)
    except NotFound:
        return Limits()
    is_counted = not number.number.startswith(tuple(told.uncounted))
    return Limits(told.most_short, told.most_unanswered) if is_counted else Limits()


async def _last_calls(conn: AsyncConnection, number: str, since: datetime, most: int) -> list[Seen]:
    """The newest last, of those since the campaign was begun or resumed: a reason is not told twice.

    What a carrier has refused was no call, and one of unknown length is not called short.
    """
    if not most:
        return []
    query = (
        select(attempts.c.answered, attempts.c.duration)
        .where(attempts.c.number == number, attempts.c.ended_at.is_not(None))
        .where(attempts.c.created_at >= since)
        .where(WAS_CALLED, ~attempts.c.answered | attempts.c.duration.is_not(None))
        .order_by(attempts.c.created_at.desc())
        .limit(most)
    )
    found = (await conn.execute(query)).all()
    return [Seen(answered, duration or 0) for answered, duration in reversed(found)]


async def _pause(database: Database, campaign: str, reason: str) -> None:
    log.warning("a campaign pauses itself", campaign=campaign, reason=reason)
    paused = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.status == "running")
    async with database.write() as conn:
        await conn.execute(paused.values(status="paused", reason=reason, updated_at=now()))
