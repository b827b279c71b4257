"""The tables of campaigns. The migrations make the same; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from linecard.store.columns import Text, UtcTime
from linecard.store.tables import NAMES

_TWO_COLUMNS = "uq_%(table_name)s_%(column_0_name)s_%(column_1_name)s"
metadata = MetaData(naming_convention={**NAMES, "uq": _TWO_COLUMNS})

campaigns = Table(
    "campaigns_campaigns",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("agent", String),
    Column("numbers", JSON, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("watched_from", UtcTime),
)

leads = Table(
    "campaigns_leads",
    metadata,
    Column("id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaigns_campaigns.id")),
    Column("to_number", Text, key="to", nullable=False),
    Column("reference", Text),
    Column("payload", JSON, nullable=False),
    Column("timezone", String),
    Column("agent", String),
    Column("not_before", UtcTime),
    Column("status", String, nullable=False),
    Column("outcome", Text),
    Column("reason", Text),
    Column("turn", Integer, nullable=False),
    Column("parked", Boolean, nullable=False),
    Column("due_at", UtcTime),
    Column("call_id", String),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("erased_at", UtcTime),
    UniqueConstraint("campaign_id", "to"),
    UniqueConstraint("campaign_id", "reference"),
)
Index("ix_campaigns_leads_campaign_id", leads.c.campaign_id, leads.c.status)
Index("ix_campaigns_leads_status", leads.c.status, leads.c.id)
Index("ix_campaigns_leads_to_number", leads.c.to)
Index("ix_campaigns_leads_erased_at", leads.c.erased_at, leads.c.ended_at)

attempts = Table(
    "campaigns_attempts",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("lead_id", String, ForeignKey("campaigns_leads.id"), nullable=False),
    Column("campaign_id", String),
    Column("n", Integer, nullable=False),
    Column("number", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("account", String, nullable=False),
    Column("to_number", Text, key="to", nullable=False),
    Column("result", String),
    Column("outcome", Text),
    Column("answered", Boolean, nullable=False),
    Column("duration", Integer),
    Column("cost", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    UniqueConstraint("lead_id", "n"),
)
Index("ix_campaigns_attempts_to_number", attempts.c.to, attempts.c.created_at)
Index("ix_campaigns_attempts_number", attempts.c.number, attempts.c.created_at)
