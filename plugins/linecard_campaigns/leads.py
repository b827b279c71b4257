"""Leads as they are kept: whom to call, and how far that has come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, insert, or_, select, update

from linecard import Conflict, NotFound, now
from linecard.store import Page
from linecard.store.page import fetch_page
from linecard.store.rows import changed, from_row, locking, to_row
from linecard_campaigns.standing import DEFAULT, ENDED, WAITING
from linecard_campaigns.tables import attempts, leads

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

CANCELED_BY_STOP = "its campaign was stopped"
AT_ONCE = 400
"""Rows in one statement: SQLite has a limit of values."""


class LeadStatus(StrEnum):
    """Where a lead stands. `unknown`: nobody knows (yet) whether its call was placed."""

    QUEUED = "queued"
    DIALING = "dialing"
    RETRY = "retry"
    UNKNOWN = "unknown"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Somebody to call. `campaign_id` None: it came without a campaign.

    `payload` is for the agent. `turn` 0: it is in no queue yet.
    """

    id: str
    campaign_id: str | None
    to: str
    reference: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    timezone: str | None = None
    agent: str | None = None
    not_before: datetime | None = None
    status: LeadStatus = LeadStatus.QUEUED
    outcome: str | None = None
    reason: str | None = None
    turn: int = 0
    parked: bool = False
    due_at: datetime | None = None
    call_id: str | None = None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of a lead. `result` is the telephone's word, `outcome` the one that counts; seconds."""

    call_id: str
    lead_id: str
    n: int
    number: str
    provider: str
    account: str
    result: str | None
    outcome: str | None
    answered: bool
    duration: int | None
    cost: str | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def price(self) -> Decimal | None:
        """The cost as a number; US dollars."""
        return None if self.cost is None else Decimal(self.cost)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which leads are meant; None: whichever."""

    campaign: str | None = None
    status: LeadStatus | None = None
    to: str | None = None
    reference: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for a question."""
        wanted = {"status": self.status, "to": self.to, "reference": self.reference}
        found = [leads.c[name] == value for name, value in wanted.items() if value is not None]
        return found if self.campaign is None else [of_campaign(self.campaign), *found]


def of_campaign(id: str) -> ColumnElement[bool]:
    """Whether a lead is one of a campaign's."""
    is_named = leads.c.campaign_id == id
    return or_(is_named, leads.c.campaign_id.is_(None)) if id == DEFAULT else is_named


async def add_all(conn: AsyncConnection, new: Sequence[Lead]) -> None:
    """Add leads that are not there yet: ask `known` first, in the same transaction."""
    for some in _in_parts(new):
        await conn.execute(insert(leads), [to_row(lead) for lead in some])


async def known(conn: AsyncConnection, campaign: str | None, new: Sequence[Lead]) -> list[Lead]:
    """The leads of a campaign that have the number or the reference of one of these.

    Without a campaign, leads that have ended count by their reference alone: somebody may be called again.
    """
    found: list[Lead] = []
    for some in _in_parts(new):
        same_to: ColumnElement[bool] = leads.c.to.in_([lead.to for lead in some])
        if campaign is None:
            same_to &= leads.c.status.not_in(ENDED)
        named = [lead.reference for lead in some if lead.reference is not None]
        alike = or_(same_to, leads.c.reference.in_(named)) if named else same_to
        query = select(leads).where(leads.c.campaign_id == campaign, alike)
        found += [_lead(row) for row in (await conn.execute(query)).mappings()]
    return found


async def get(conn: AsyncConnection, id: str) -> Lead:
    """A lead. Raises NotFound."""
    query = locking(conn, select(leads).where(leads.c.id == id))
    row = (await conn.execute(query)).mappings().first() if "\0" not in id else None
    if row is None:
        raise NotFound("lead", id)
    return _lead(row)


async def by_ids(conn: AsyncConnection, ids: Sequence[str]) -> list[Lead]:
    """Leads in the order of their ids; those that are gone are left out."""
    found: dict[str, Lead] = {}
    for some in _in_parts(ids):
        rows = (await conn.execute(select(leads).where(leads.c.id.in_(some)))).mappings()
        found |= {row["id"]: _lead(row) for row in rows}
    return [found[one] for one in ids if one in found]


async def page(conn: AsyncConnection, wanted: Filter, limit: int, cursor: str | None) -> Page[Lead]:
    """Leads in the order in which they came."""
    query = select(leads).where(*wanted.conditions())
    return await fetch_page(conn, leads, query, _lead, limit=limit, cursor=cursor)


async def each(conn: AsyncConnection, wanted: Filter) -> AsyncIterator[Sequence[Lead]]:
    """All of them, some at a time."""
    cursor = None
    while True:
        found = await page(conn, wanted, AT_ONCE, cursor)
        yield found.items
        cursor = found.next
        if cursor is None:
            return


async def cancel(conn: AsyncConnection, id: str) -> Lead:
    """Call a lead no more. Raises NotFound, and Conflict while it is being called or is over already."""
    lead = await get(conn, id)
    if lead.status is LeadStatus.CANCELED:
        return lead
    at = now()
    values = {"status": LeadStatus.CANCELED, "outcome": "canceled", "reason": "by API"}
    waiting = update(leads).where(leads.c.id == id, leads.c.status.in_(WAITING))
    if not await changed(
        conn, waiting.values(**values, parked=False, due_at=None, ended_at=at, updated_at=at)
    ):
        raise Conflict(f"the lead is {lead.status}; only one that waits can be canceled")
    return await get(conn, id)


async def tries(conn: AsyncConnection, ids: Sequence[str]) -> Mapping[str, int]:
    """How often each lead was dialled."""
    found = dict.fromkeys(ids, 0)
    for some in _in_parts(ids):
        query = select(attempts.c.lead_id, func.count()).where(attempts.c.lead_id.in_(some))
        for lead_id, count in await conn.execute(query.group_by(attempts.c.lead_id)):
            found[lead_id] = count
    return found


async def attempts_of(conn: AsyncConnection, id: str) -> list[Attempt]:
    """The attempts of one lead, the first one first."""
    query = select(attempts).where(attempts.c.lead_id == id).order_by(attempts.c.n)
    return [from_row(Attempt, row) for row in (await conn.execute(query)).mappings()]


async def attempts_in(conn: AsyncConnection, campaign: str) -> list[Attempt]:
    """All attempts of a campaign."""
    query = select(attempts).where(attempts.c.campaign_id == campaign)
    return [from_row(Attempt, row) for row in (await conn.execute(query)).mappings()]


def _lead(row: RowMapping) -> Lead:
    return replace(from_row(Lead, row), status=LeadStatus(row["status"]))


def _in_parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))
