"""Campaigns, their leads, and every attempt to reach one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "campaigns_0001"
down_revision = None
branch_labels = ("campaigns",)
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _campaigns()
    _leads()
    _attempts()


def _campaigns() -> None:
    op.create_table(
        "campaigns_campaigns",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("agent", sa.String),
        sa.Column("numbers", sa.JSON, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns_campaigns"),
    )


def _leads() -> None:
    op.create_table(
        "campaigns_leads",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("campaign_id", sa.String),
        sa.Column("to_number", sa.String, nullable=False),
        sa.Column("reference", sa.String),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("timezone", sa.String),
        sa.Column("agent", sa.String),
        sa.Column("not_before", TIME),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("reason", sa.String),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("parked", sa.Boolean, nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("call_id", sa.String),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns_leads"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns_campaigns.id"], name="fk_campaigns_leads_campaign_id"
        ),
        sa.UniqueConstraint(
            "campaign_id", "to_number", name="uq_campaigns_leads_campaign_id_to_number"
        ),
        sa.UniqueConstraint(
            "campaign_id", "reference", name="uq_campaigns_leads_campaign_id_reference"
        ),
    )
    op.create_index("ix_campaigns_leads_campaign_id", "campaigns_leads", ["campaign_id", "status"])
    op.create_index("ix_campaigns_leads_status", "campaigns_leads", ["status", "id"])
    op.create_index("ix_campaigns_leads_to_number", "campaigns_leads", ["to_number"])


def _attempts() -> None:
    op.create_table(
        "campaigns_attempts",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("lead_id", sa.String, nullable=False),
        sa.Column("campaign_id", sa.String),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("to_number", sa.String, nullable=False),
        sa.Column("result", sa.String),
        sa.Column("outcome", sa.String),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("duration", sa.Integer),
        sa.Column("cost", sa.String),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("call_id", name="pk_campaigns_attempts"),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["campaigns_leads.id"], name="fk_campaigns_attempts_lead_id"
        ),
        sa.UniqueConstraint("lead_id", "n", name="uq_campaigns_attempts_lead_id_n"),
    )
    op.create_index(
        "ix_campaigns_attempts_to_number", "campaigns_attempts", ["to_number", "created_at"]
    )
    op.create_index("ix_campaigns_attempts_number", "campaigns_attempts", ["number", "created_at"])
