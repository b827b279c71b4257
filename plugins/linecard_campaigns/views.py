"""Campaigns and leads as the API shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from linecard_campaigns import campaigns, leads
from linecard_campaigns.campaigns import Campaign, CampaignStatus, Counts
from linecard_campaigns.leads import Attempt, Filter, Lead
from linecard_campaigns.models import (
    AttemptOut,
    CampaignOut,
    CarrierOut,
    HourOut,
    LeadOut,
    LeadShown,
    ReportOut,
    TryOut,
)
from linecard_campaigns.plans import Plan, plan_as_data
from linecard_campaigns.reports import AttemptRow, LeadRow, OfCarrier, Report, report
from linecard_campaigns.standing import DEFAULT

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_ABSENT = dict.fromkeys(one.name for one in fields(Plan))
"""Every key of a plan; those that nothing was decided for are null."""


async def campaigns_out(conn: AsyncConnection, shown: Sequence[Campaign]) -> list[CampaignOut]:
    """Campaigns with their counts."""
    counts = await campaigns.counts(conn, [one.id for one in shown])
    return [_campaign(one, counts[one.id]) for one in shown]


async def campaign_out(conn: AsyncConnection, campaign: Campaign) -> CampaignOut:
    """One campaign with its counts."""
    (shown,) = await campaigns_out(conn, [campaign])
    return shown


def _campaign(campaign: Campaign, counts: Counts) -> CampaignOut:
    own = {
        "id": campaign.id,
        "status": campaign.status,
        "reason": campaign.reason,
        "paused": campaign.status is CampaignStatus.PAUSED,
        "counts": dict(counts),
        "total": sum(counts.values()),
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
    }
    return CampaignOut.model_validate({**_ABSENT, **plan_as_data(campaign.plan), **own})


async def leads_out(conn: AsyncConnection, shown: Sequence[Lead]) -> list[LeadOut]:
    """Leads with the count of their attempts."""
    tries = await leads.tries(conn, [one.id for one in shown])
    return [lead_out(one, tries[one.id]) for one in shown]


async def lead_shown(conn: AsyncConnection, lead: Lead) -> LeadShown:
    """A lead with its calls."""
    calls = [_attempt(one) for one in await leads.attempts_of(conn, lead.id)]
    return LeadShown(**lead_out(lead, len(calls)).model_dump(), calls=calls)


def lead_out(lead: Lead, tries: int) -> LeadOut:
    """A lead that was dialled so often."""
    return LeadOut(
        id=lead.id,
        campaign=lead.campaign_id or DEFAULT,
        to=lead.to,
        reference=lead.reference,
        payload=dict(lead.payload),
        not_before=lead.not_before,
        timezone=lead.timezone,
        agent=lead.agent,
        status=lead.status,
        outcome=lead.outcome,
        reason=lead.reason,
        attempts=tries,
        call=lead.call_id,
        due_at=lead.due_at,
        created_at=lead.created_at,
        updated_at=lead.updated_at,
        ended_at=lead.ended_at,
    )


def _attempt(one: Attempt) -> AttemptOut:
    return AttemptOut(
        n=one.n,
        call=one.call_id,
        number=one.number,
        provider=one.provider,
        account=one.account,
        result=one.result,
        outcome=one.outcome,
        answered=one.answered,
        duration=one.duration,
        cost=one.cost,
        created_at=one.created_at,
        ended_at=one.ended_at,
    )


async def report_of(conn: AsyncConnection, id: str) -> Report:
    """What came of a campaign so far."""
    rows = [
        LeadRow(lead.id, lead.status, lead.outcome)
        async for some in leads.each(conn, Filter(campaign=id))
        for lead in some
    ]
    tried = [_counted(one) for one in await leads.attempts_in(conn, id)]
    # A large campaign takes a second to count, and calls that go on cannot wait for that.
    return await asyncio.to_thread(report, rows, tried)


def _counted(one: Attempt) -> AttemptRow:
    return AttemptRow(
        lead=one.lead_id,
        n=one.n,
        account=(one.provider, one.account),
        created_at=one.created_at,
        result=one.result,
        outcome=one.outcome,
        answered=one.answered,
        duration=one.duration,
        cost=one.price,
    )


def report_out(made: Report) -> ReportOut:
    """A report as the API shows it."""
    return ReportOut(
        funnel=asdict(made.funnel),
        statuses=dict(made.statuses),
        outcomes=dict(made.outcomes),
        results=dict(made.results),
        attempts=made.attempts,
        minutes=made.minutes,
        cost=str(made.cost),
        carriers=[_carrier(one) for one in made.carriers],
        tries=[TryOut(n=one.n, attempts=one.attempts, answered=one.answered) for one in made.tries],
        hours=[
            HourOut(hour=one.hour, attempts=one.attempts, answered=one.answered)
            for one in made.hours
        ],
    )


def _carrier(one: OfCarrier) -> CarrierOut:
    return CarrierOut(
        provider=one.provider,
        account=one.account,
        attempts=one.attempts,
        answered=one.answered,
        minutes=round(one.seconds / 60, 1),
        cost=str(one.cost),
        unpriced=one.unpriced,
    )
