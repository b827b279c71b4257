"""Our copies of recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note of each recording its channels, and of our copy its length, its digest and its age."""
    op.add_column("recordings", sa.Column("channels", sa.Integer))
    op.add_column("recordings", sa.Column("reason", sa.String))
    op.add_column("recordings", sa.Column("bytes", sa.BigInteger))
    op.add_column("recordings", sa.Column("sha256", sa.String))
    op.add_column("recordings", sa.Column("kept_at", sa.DateTime(timezone=True)))
