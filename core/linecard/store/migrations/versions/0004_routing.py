"""Routing of numbers, what was decided for a call, and the blocklist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW_COLUMNS = (("numbers", "routing"), ("calls", "route"))


def upgrade() -> None:
    """Add the columns and the blocklist, and count the calls of one caller by an index."""
    for table, column in NEW_COLUMNS:
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column(column, sa.JSON, nullable=False, server_default="{}"))
        with op.batch_alter_table(table) as changed:
            changed.alter_column(column, existing_type=sa.JSON, server_default=None)
    op.create_index("ix_calls_from_number", "calls", ["from_number", "created_at"])
    op.create_table(
        "blocklist",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("note", sa.String),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blocklist"),
        sa.UniqueConstraint("caller", name="uq_blocklist_caller"),
    )
