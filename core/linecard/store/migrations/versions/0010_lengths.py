"""How long the calls of a number may last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the length; until now every call that named none could last half an hour."""
    with op.batch_alter_table("numbers") as numbers:
        numbers.add_column(
            sa.Column("max_seconds", sa.Integer, nullable=False, server_default="1800")
        )
    with op.batch_alter_table("numbers") as numbers:
        numbers.alter_column("max_seconds", existing_type=sa.Integer(), server_default=None)
