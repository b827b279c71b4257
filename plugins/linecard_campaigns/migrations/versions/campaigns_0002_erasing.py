"""When a lead's personal fields were erased, and from when on a campaign's calls are watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "campaigns_0002"
down_revision = "campaigns_0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add both."""
    op.add_column("campaigns_leads", sa.Column("erased_at", TIME))
    op.create_index("ix_campaigns_leads_erased_at", "campaigns_leads", ["erased_at", "ended_at"])
    op.add_column("campaigns_campaigns", sa.Column("watched_from", TIME))
    op.execute("UPDATE campaigns_campaigns SET watched_from = updated_at")
