"""Transfers of several targets in order, with a whisper and an accept key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = (
    ("order", sa.String, "together"),
    ("rung", sa.Integer, "0"),
    ("answers", sa.JSON, "{}"),
    ("brought", sa.Boolean, sa.false()),
    ("consults", sa.Boolean, sa.false()),
)


def upgrade() -> None:
    """Add the columns; former transfers rang all their targets at once."""
    with op.batch_alter_table("transfers") as transfers:
        transfers.add_column(sa.Column("whisper", sa.String))
        transfers.add_column(sa.Column("accept_key", sa.String))
        for name, kind, before in COLUMNS:
            transfers.add_column(sa.Column(name, kind, nullable=False, server_default=before))
    with op.batch_alter_table("transfers") as transfers:
        for name, kind, _ in COLUMNS:
            transfers.alter_column(name, existing_type=kind(), server_default=None)
