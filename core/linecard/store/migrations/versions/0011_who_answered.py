"""Who answered a call, the message for an answering machine, and which way an entry of the blocklist holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; what was on the blocklist holds both ways from now on."""
    op.add_column("calls", sa.Column("answered_by", sa.String))
    op.add_column("calls", sa.Column("answered_word", sa.String, nullable=False, server_default=""))
    op.add_column(
        "calls", sa.Column("greeting_over", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("calls", sa.Column("voicemail", sa.JSON, nullable=False, server_default="{}"))
    op.add_column(
        "blocklist", sa.Column("direction", sa.String, nullable=False, server_default="both")
    )
