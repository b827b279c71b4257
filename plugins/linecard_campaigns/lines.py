"""The pool of a campaign as it is now: its numbers with their accounts, and what a call from each costs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select

from linecard import AccountKey, LinecardError
from linecard.store import numbers
from linecard_campaigns.choosing import Callee, Choice, Line, in_order
from linecard_campaigns.standing import REFUSED, WAS_CALLED, Standing
from linecard_campaigns.tables import attempts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard import Server

log = structlog.get_logger()

PRICES_LAST_SECONDS = 900.0
DIGITS = 8
"""Prices are told apart by so much of a number."""

Prices = Mapping[AccountKey, Decimal | None]


@dataclass(frozen=True, slots=True)
class Pool:
    """Puts the numbers of a campaign in the order in which a lead tries them."""

    server: Server
    _prices: dict[str, tuple[float, Prices]] = field(default_factory=dict, repr=False)

    async def ordered(self, stands: Standing) -> list[str]:
        """Numbers of accounts that have refused this lead come last."""
        prices = await self._told(stands)
        async with self.server.database.read() as conn:
            lines = await lines_of(conn, stands.plan.numbers, prices)
            refused = await refusals(conn, stands.lead["id"])
            before = await _before(conn, stands.lead["to"])
        callee = Callee(stands.lead["id"], stands.lead["to"], stands.lead["turn"], before)
        chosen = in_order(stands.plan.choice, lines, callee)
        return [line.number for line in sorted(chosen, key=lambda one: one.account in refused)]

    async def _told(self, stands: Standing) -> Prices:
        if stands.plan.choice is not Choice.LEAST_COST:
            return {}
        prefix = stands.lead["to"][:DIGITS]
        at, known = self._prices.get(prefix, (0.0, {}))
        if not known or time.monotonic() - at > PRICES_LAST_SECONDS:
            known = await self._asked(stands.lead["to"])
            self._prices[prefix] = time.monotonic(), known
        return known

    async def _asked(self, to: str) -> Prices:
        try:
            return await self.server.costs(to)
        except LinecardError as error:
            log.warning("nobody tells prices; the numbers take turns", reason=str(error))
            return {}


async def lines_of(
    conn: AsyncConnection, pool: Sequence[str], prices: Prices | None = None
) -> list[Line]:
    """Those of the pool that are registered and switched on."""
    found = [await numbers.get(conn, number) for number in pool]
    ours = [one for one in found if one is not None and one.enabled]
    told = prices or {}
    return [
        Line(one.number, (one.provider, one.account), told.get((one.provider, one.account)))
        for one in ours
    ]


async def refusals(conn: AsyncConnection, lead_id: str) -> set[AccountKey]:
    """The accounts whose carriers have surely not placed the call that is tried now.

    An attempt that came to its end begins anew: what was refused before it, a week ago, says nothing now.
    """
    ended = select(func.max(attempts.c.n)).where(
        attempts.c.lead_id == lead_id, WAS_CALLED, attempts.c.ended_at.is_not(None)
    )
    query = select(attempts.c.provider, attempts.c.account).where(
        attempts.c.lead_id == lead_id,
        attempts.c.result == REFUSED,
        attempts.c.n > func.coalesce(ended.scalar_subquery(), 0),
    )
    return {(row.provider, row.account) for row in await conn.execute(query)}


async def _before(conn: AsyncConnection, to: str) -> list[str]:
    """The numbers of ours that have called this one, the newest last."""
    query = (
        select(attempts.c.number)
        .where(attempts.c.to == to)
        .order_by(attempts.c.created_at.desc())
        .limit(20)
    )
    return list((await conn.execute(query)).scalars())[::-1]
