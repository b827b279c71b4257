"""What calls have cost in a day, as far as their carriers have said."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from linecard.errors import LimitReached
from linecard.store import calls
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

DAY = timedelta(days=1)


async def check_spend(conn: AsyncConnection, limit: Decimal | None) -> None:
    """Raise LimitReached when the calls of the last 24 hours have cost the limit, or more.

    Calls that are not priced yet count nothing: the limit may be passed by what is under way.
    """
    if limit is None:
        return
    spent = await calls.spent(conn, now() - DAY)
    if spent >= limit:
        raise LimitReached("LINECARD_DAILY_SPEND", f"{spent:.2f} US dollars spent in a day")
