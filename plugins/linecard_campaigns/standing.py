"""A lead and its campaign as they stand, read in the transaction that acts on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import func, select, update

from linecard import now
from linecard.store.rows import changed
from linecard_campaigns.plans import Plan, parse_plan
from linecard_campaigns.tables import attempts, campaigns, leads
from linecard_campaigns.tickets import Turn

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

WAITING = ("queued", "retry")
"""Where a lead may be dialled."""
DIALLED = ("dialing", "unknown")
"""Where a call of a lead is under way, or may be."""
DEFAULT = "default"
"""The campaign of leads that name none."""
REFUSED = "refused"
"""The result of an attempt that its carrier has surely not placed, and that another account goes on with."""
WAS_CALLED = func.coalesce(attempts.c.result, "") != REFUSED
"""Which attempts somebody may have heard of."""
ENDED = ("finished", "failed", "canceled")
OPTED_OUT, FORGOTTEN = "opted-out", "forgotten"
FINAL = (OPTED_OUT, FORGOTTEN)
"""Outcomes of a lead that is being called: whatever comes of that, it is not called again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A lead with its campaign, and the plan of it."""

    lead: RowMapping
    campaign: RowMapping
    plan: Plan

    def turn(self, due_at: datetime | None = None) -> Turn:
        """The lead's newest turn."""
        return Turn(
            lead=self.lead["id"],
            turn=self.lead["turn"],
            campaign=self.campaign["id"],
            number=first_number(self.plan, self.lead["id"], self.lead["turn"]),
            due_at=due_at,
        )


def first_number(plan: Plan, lead: str, turn: int) -> str:
    """The number of ours that a turn tries first, and in whose part of the queue it stands."""
    numbers = plan.numbers
    return numbers[(sum(lead.encode()) + turn) % len(numbers)]


async def standing(conn: AsyncConnection, lead_id: str) -> Standing | None:
    """The lead, or None where there is none."""
    lead = (await conn.execute(select(leads).where(leads.c.id == lead_id))).mappings().first()
    if lead is None:
        return None
    of_lead = select(campaigns).where(campaigns.c.id == (lead["campaign_id"] or DEFAULT))
    campaign = (await conn.execute(of_lead)).mappings().first()
    return None if campaign is None else Standing(lead, campaign, plan_of(campaign))


def plan_of(campaign: RowMapping) -> Plan:
    """What a campaign's owner has decided."""
    return _plan(msgspec.json.encode(campaign["plan"]))


@lru_cache(256)
def _plan(written: bytes) -> Plan:
    return parse_plan(msgspec.json.decode(written))


async def outcomes(conn: AsyncConnection, lead_id: str) -> list[str]:
    """What came of a lead's attempts that are over, the first one first; a carrier's certain no is none."""
    query = (
        select(attempts.c.outcome)
        .where(attempts.c.lead_id == lead_id, attempts.c.ended_at.is_not(None))
        .where(WAS_CALLED)
        .order_by(attempts.c.n)
    )
    return [str(one) for one in (await conn.execute(query)).scalars()]


async def last_end(conn: AsyncConnection, lead_id: str) -> datetime | None:
    """When a lead's last attempt was over."""
    ends = select(func.max(attempts.c.ended_at)).where(attempts.c.lead_id == lead_id, WAS_CALLED)
    found: datetime | None = (await conn.execute(ends)).scalar_one()
    return found


async def next_attempt(conn: AsyncConnection, lead_id: str) -> int:
    """The number of the attempt that would be written now."""
    last = select(func.max(attempts.c.n)).where(attempts.c.lead_id == lead_id)
    return int((await conn.execute(last)).scalar_one() or 0) + 1


async def move(
    conn: AsyncConnection, turn: Turn, among: tuple[str, ...], /, **changes: Any
) -> bool:
    """Change a lead that still has this turn and stands among those statuses; False: it is somebody else's."""
    fenced = (
        update(leads)
        .where(leads.c.id == turn.lead, leads.c.turn == turn.turn, leads.c.status.in_(among))
        .values(updated_at=now(), **changes)
    )
    return await changed(conn, fenced) == 1


async def next_turn(
    conn: AsyncConnection, turn: Turn, among: tuple[str, ...], due_at: datetime, **changes: Any
) -> Turn | None:
    """Give a lead a new turn, due then; None where it is somebody else's."""
    fresh = replace(turn, turn=turn.turn + 1, due_at=due_at)
    is_ours = await move(conn, turn, among, turn=fresh.turn, due_at=due_at, **changes)
    return fresh if is_ours else None
