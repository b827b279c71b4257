"""Noise enhancement: the enhancer that a number asks for, and that of each call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the name; numbers and calls of before have none."""
    for table in ("numbers", "calls"):
        op.add_column(table, sa.Column("enhance", sa.String))
