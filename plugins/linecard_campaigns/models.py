"""What the routes of campaigns take and give."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from linecard_campaigns.campaigns import CampaignStatus
from linecard_campaigns.leads import LeadStatus

LARGEST_PAYLOAD = 16 * 1024


def _fits(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Python's reader takes and JSON cannot say, and what is too much for a call's record."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("holds NaN, Infinity or broken text, which JSON cannot carry") from error
    if len(written) > LARGEST_PAYLOAD:
        raise ValueError(f"has more than {LARGEST_PAYLOAD} bytes")
    return value


def _whole(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return value


Payload = Annotated[dict[str, Any], AfterValidator(_fits)]
Reference = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_whole)]


class LeadIn(BaseModel):
    """Somebody to call. `reference` is your own name of the lead, `payload` for the agent.

    `not_before` is a time with its zone. `timezone` is the callee's, where you know it. Without a
    `campaign` the lead is called at any hour, from any number of ours.
    """

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(examples=["+14155550123"], max_length=32)]
    reference: Reference | None = None
    payload: Payload = Field(default_factory=dict)
    not_before: AwareDatetime | None = None
    timezone: Annotated[str, Field(examples=["America/Chicago"], max_length=64)] | None = None
    agent: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    campaign: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class AttemptOut(BaseModel):
    """One call of a lead. `result` is how the telephone call ended, `outcome` what came of it; seconds, US dollars."""

    n: int
    call: str
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


class LeadOut(BaseModel):
    """A lead. `attempts`: how often it was dialled; `due_at`: when it is (again); `call`: its newest call."""

    id: str
    campaign: str
    to: str
    reference: str | None
    payload: dict[str, Any]
    not_before: datetime | None
    timezone: str | None
    agent: str | None
    status: LeadStatus
    outcome: str | None
    reason: str | None
    attempts: int
    call: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class LeadShown(LeadOut):
    """A lead with its calls, the first one first."""

    calls: list[AttemptOut]


class LeadList(BaseModel):
    """A page of leads, in the order in which they came."""

    items: list[LeadOut]
    next: str | None


class LineOut(BaseModel):
    """What became of one line of a file. `lead`: the new one, or the one that is there already."""

    line: int
    to: str
    result: Literal["added", "duplicate", "refused"]
    lead: str | None = None
    field: str | None = None
    message: str | None = None


class ImportOut(BaseModel):
    """What became of a file: every line is `added`, a `duplicate`, or `refused`."""

    campaign: str
    lines: int
    added: int
    duplicates: int
    refused: int
    report: list[LineOut]


class CampaignOut(BaseModel):
    """A campaign: its plan, `status`, and its leads counted by theirs; `total` is the sum of the counts."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    status: CampaignStatus
    reason: str | None
    counts: dict[LeadStatus, int]
    total: int
    created_at: datetime
    updated_at: datetime


class CampaignList(BaseModel):
    """A page of campaigns, the newest first."""

    items: list[CampaignOut]
    next: str | None


class CarrierOut(BaseModel):
    """What one account has done; `unpriced` calls were answered and have no price yet."""

    provider: str
    account: str
    attempts: int
    answered: int
    minutes: float
    cost: str
    unpriced: int


class TryOut(BaseModel):
    """How first, second, ... attempts went."""

    n: int
    attempts: int
    answered: int


class HourOut(BaseModel):
    """The attempts that began in one hour, by its beginning."""

    hour: datetime
    attempts: int
    answered: int


class ReportOut(BaseModel):
    """What came of a campaign. `funnel`: leads, called, answered, reached (by no machine), finished."""

    funnel: dict[str, int]
    statuses: dict[str, int]
    outcomes: dict[str, int]
    results: dict[str, int]
    attempts: int
    minutes: float
    cost: str
    carriers: list[CarrierOut]
    tries: list[TryOut]
    hours: list[HourOut]
