"""Calls that are over, were answered, and have no price yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from linecard.calls import ENDS, FORGOTTEN, Call, CallStatus
from linecard.events import CALLER
from linecard.store.rows import from_row
from linecard.store.tables import calls, timeline

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

GIVEN_UP = "cost-unknown"
"""The line of a call whose price is asked for no more."""
RATED = "call-rated"
LONGEST = timedelta(hours=24)
"""No call lives longer, so that its end is looked for among those made so long before."""


async def unpriced(
    conn: AsyncConnection, provider: str, account: str, since: datetime
) -> list[Call]:
    """The calls of an account that ended since a time, oldest first.

    A price in another currency counts as one, and so does having given up; forgotten calls have none to come.
    """
    settled = exists().where(
        timeline.c.call_id == calls.c.id,
        timeline.c.name.in_((GIVEN_UP, FORGOTTEN))
        | ((timeline.c.name == RATED) & (timeline.c.facts["leg"].as_string() == CALLER)),
    )
    query = select(calls).where(
        calls.c.created_at >= since - LONGEST,
        calls.c.provider == provider,
        calls.c.account == account,
        calls.c.status.in_(tuple(ENDS)),
        calls.c.ended_at >= since,
        calls.c.cost.is_(None),
        calls.c.answered_at.is_not(None)
        | (calls.c.duration > 0)
        | (calls.c.status == CallStatus.COMPLETED),
        ~settled,
    )
    found = await conn.execute(query.order_by(calls.c.ended_at, calls.c.id))
    return [from_row(Call, row) for row in found.mappings()]
