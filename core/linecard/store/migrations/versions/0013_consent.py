"""Consent to a recording, recordings after a transfer, and the states of a recording by their new names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAMES = {"started": "recording", "ready": "completed"}


def upgrade() -> None:
    """Add what a number asks for and what became of it; numbers and calls of before asked for nothing."""
    for table in ("numbers", "calls"):
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column("consent", sa.JSON, nullable=False, server_default="{}"))
            changed.add_column(
                sa.Column(
                    "record_after_transfer", sa.Boolean, nullable=False, server_default=sa.false()
                )
            )
        with op.batch_alter_table(table) as changed:
            changed.alter_column("consent", existing_type=sa.JSON(), server_default=None)
            changed.alter_column(
                "record_after_transfer", existing_type=sa.Boolean(), server_default=None
            )
    op.add_column("calls", sa.Column("consented", sa.String))
    recordings = sa.table("recordings", sa.column("status", sa.String))
    for old, new in NAMES.items():
        op.execute(recordings.update().where(recordings.c.status == old).values(status=new))
