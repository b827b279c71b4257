"""Campaigns as they are kept: each with its plan, its status, and its leads counted by theirs."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, insert, select, update

from linecard import Conflict, NotFound, now
from linecard.store import Page
from linecard.store.page import fetch_page
from linecard.store.rows import insert as insert_new
from linecard.store.rows import locking
from linecard_campaigns.leads import AT_ONCE, CANCELED_BY_STOP, LeadStatus, of_campaign
from linecard_campaigns.plans import Plan, changed_plan, plan_as_data
from linecard_campaigns.standing import DEFAULT, WAITING, plan_of
from linecard_campaigns.tables import campaigns, leads

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

Counts = Mapping[LeadStatus, int]


class CampaignStatus(StrEnum):
    """Where a campaign stands. One that is `finished` runs again when it is given new leads."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class Change(StrEnum):
    """What a person may ask of a campaign."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign; `reason` is why it stands where it does, where that was not somebody's wish."""

    id: str
    plan: Plan
    status: CampaignStatus
    reason: str | None
    created_at: datetime
    updated_at: datetime


_RUNNING, _PAUSED = CampaignStatus.RUNNING, CampaignStatus.PAUSED
CHANGES: Mapping[Change, tuple[frozenset[CampaignStatus], CampaignStatus]] = MappingProxyType(
    {
        Change.PAUSE: (frozenset({_RUNNING}), _PAUSED),
        Change.RESUME: (frozenset({_PAUSED}), _RUNNING),
        Change.STOP: (frozenset({_RUNNING, _PAUSED}), CampaignStatus.STOPPED),
    }
)
"""From which statuses each change leads, and where to. To be there already is no error."""


WHEN = ("window", "timezone", "holidays", "caps", "retry", "max_attempts")
"""What of a plan says when a lead is called."""


async def add(conn: AsyncConnection, plan: Plan, id: str | None = None) -> Campaign:
    """A new campaign: it runs at once unless its plan says `paused`."""
    campaign = _new(plan, id or secrets.token_hex(10))
    await conn.execute(insert(campaigns).values(_row(campaign)))
    return campaign


def _new(plan: Plan, id: str) -> Campaign:
    at = now()
    return Campaign(
        id=id,
        plan=plan,
        status=_PAUSED if plan.paused else _RUNNING,
        reason=None,
        created_at=at,
        updated_at=at,
    )


async def find(conn: AsyncConnection, id: str) -> Campaign | None:
    """A campaign, or None. In a write transaction it stays as it is until that ends."""
    query = locking(conn, select(campaigns).where(campaigns.c.id == id))
    row = (await conn.execute(query)).mappings().first() if "\0" not in id else None
    return None if row is None else _campaign(row)


async def get(conn: AsyncConnection, id: str) -> Campaign:
    """The same. Raises NotFound."""
    found = await find(conn, id)
    if found is None:
        raise NotFound("campaign", id)
    return found


async def page(conn: AsyncConnection, limit: int, cursor: str | None) -> Page[Campaign]:
    """Campaigns, the newest first."""
    query = select(campaigns)
    return await fetch_page(
        conn, campaigns, query, _campaign, limit=limit, cursor=cursor, newest_first=True
    )


async def counts(conn: AsyncConnection, ids: Iterable[str]) -> Mapping[str, Counts]:
    """Leads by status, each status named, for each campaign. One question, so that they add up."""
    wanted = tuple(ids)
    owner = func.coalesce(leads.c.campaign_id, DEFAULT)
    is_theirs: ColumnElement[bool] = leads.c.campaign_id.in_(wanted)
    if DEFAULT in wanted:
        is_theirs |= leads.c.campaign_id.is_(None)
    query = select(owner, leads.c.status, func.count()).where(is_theirs)
    found = {one: dict.fromkeys(LeadStatus, 0) for one in wanted}
    for campaign, status, count in await conn.execute(query.group_by(owner, leads.c.status)):
        found[campaign][LeadStatus(status)] = count
    return found


async def change(conn: AsyncConnection, id: str, what: Change) -> Campaign:
    """Pause, resume or stop. Raises NotFound, and Conflict where it is too late for that."""
    campaign = await get(conn, id)
    if what is Change.STOP and id == DEFAULT:
        raise Conflict("leads without a campaign can be paused, but not stopped for ever")
    among, to = CHANGES[what]
    if campaign.status is to:
        return campaign
    if campaign.status not in among:
        raise Conflict(f"the campaign is {campaign.status}: it cannot {what} any more")
    moved = await _move(conn, campaign, to)
    if to is CampaignStatus.STOPPED:
        await _cancel_waiting(conn, id)
    return moved


async def replan(conn: AsyncConnection, id: str, given: object) -> Campaign:
    """Give a campaign that runs or is paused another plan. Raises NotFound, Conflict, InvalidField.

    Leads that wait for a later time are looked at anew: by the new plan they may be called sooner.
    """
    campaign = await get(conn, id)
    check_changeable(campaign)
    plan = changed_plan(campaign.plan, given)
    if plan == campaign.plan:
        return campaign
    changed = replace(campaign, plan=plan, updated_at=now())
    await conn.execute(update(campaigns).where(campaigns.c.id == id).values(_row(changed)))
    if any(getattr(plan, one) != getattr(campaign.plan, one) for one in WHEN):
        await _look_anew(conn, id)
    return changed


def check_changeable(campaign: Campaign) -> None:
    """Raise Conflict for a campaign whose plan is as it is."""
    if campaign.id == DEFAULT:
        raise Conflict(
            "leads without a campaign are called at any hour; begin a campaign for others"
        )
    if campaign.status not in (_RUNNING, _PAUSED):
        raise Conflict(f"the campaign is {campaign.status}: its plan cannot be changed any more")


async def _look_anew(conn: AsyncConnection, id: str) -> None:
    """As after a pause; leads whose turn has come already are judged by the new plan in that turn."""
    wait = leads.c.status.in_(WAITING) & (leads.c.due_at > now()) & (leads.c.turn > 0)
    held = select(leads.c.id).where(of_campaign(id), wait).order_by(leads.c.id)
    found = (await conn.execute(locking(conn, held))).scalars().all()
    for start in range(0, len(found), AT_ONCE):
        some = leads.c.id.in_(found[start : start + AT_ONCE])
        await conn.execute(update(leads).where(some).values(parked=True))


def check_open(campaign: Campaign) -> None:
    """Raise Conflict for a campaign that takes no more leads."""
    if campaign.status is CampaignStatus.STOPPED:
        raise Conflict("the campaign was stopped; it takes no more leads")


async def wake(conn: AsyncConnection, campaign: Campaign) -> Campaign:
    """Before new leads: a finished campaign runs again. Raises Conflict for one that was stopped."""
    check_open(campaign)
    if campaign.status is CampaignStatus.FINISHED:
        return await _move(conn, campaign, _RUNNING)
    return campaign


async def implicit(conn: AsyncConnection, plan: Plan) -> Campaign:
    """The campaign of leads that name none, with this plan from now on; made where there is none yet."""
    fresh = _new(plan, DEFAULT)
    await conn.execute(insert_new(conn, campaigns).values(_row(fresh)).on_conflict_do_nothing())
    campaign = await get(conn, DEFAULT)
    if campaign.plan == plan:
        return campaign
    changed = replace(campaign, plan=plan, updated_at=now())
    await conn.execute(update(campaigns).where(campaigns.c.id == DEFAULT).values(_row(changed)))
    return changed


async def _move(conn: AsyncConnection, campaign: Campaign, to: CampaignStatus) -> Campaign:
    moved = replace(campaign, status=to, reason=None, updated_at=now())
    at = moved.updated_at
    values: dict[str, Any] = {"status": to, "reason": None, "updated_at": at, "watched_from": at}
    await conn.execute(update(campaigns).where(campaigns.c.id == campaign.id).values(values))
    return moved


async def _cancel_waiting(conn: AsyncConnection, id: str) -> None:
    """Calls that are under way go on to their own end."""
    at = now()
    ended = {"status": LeadStatus.CANCELED, "outcome": "stopped", "reason": CANCELED_BY_STOP}
    waiting = update(leads).where(of_campaign(id), leads.c.status.in_(WAITING))
    await conn.execute(
        waiting.values(**ended, parked=False, due_at=None, ended_at=at, updated_at=at)
    )


def _campaign(row: RowMapping) -> Campaign:
    return Campaign(
        id=row["id"],
        plan=plan_of(row),
        status=CampaignStatus(row["status"]),
        reason=row["reason"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _row(campaign: Campaign) -> dict[str, object]:
    return {
        "id": campaign.id,
        "name": campaign.plan.name,
        "agent": campaign.plan.agent,
        "numbers": list(campaign.plan.numbers),
        "plan": plan_as_data(campaign.plan),
        "status": campaign.status,
        "reason": campaign.reason,
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
    }
