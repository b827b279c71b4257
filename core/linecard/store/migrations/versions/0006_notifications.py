"""Notifications: where they go, and each of them with what has become of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the addresses to numbers and calls; make the notifications."""
    op.add_column("numbers", sa.Column("notify", sa.String))
    op.add_column("calls", sa.Column("notify", sa.String))
    op.create_table(
        "notifications",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.String),
        sa.Column("next_at", Time),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name="fk_notifications_call_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("call_id", "key", name="uq_notifications_call_id"),
    )
    columns = ["call_id", "sequence"]
    op.create_index("ix_notifications_call_id", "notifications", columns, unique=True)
    op.create_index("ix_notifications_state", "notifications", ["state", "created_at"])
