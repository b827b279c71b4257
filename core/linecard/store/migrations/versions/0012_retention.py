"""Indexes by which what is old is found."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_index("ix_inbox_at", "inbox", ["at"])
    op.create_index("ix_outbox_call_id", "outbox", ["call_id"])
    op.create_index("ix_stream_claims_claimed_at", "stream_claims", ["claimed_at"])
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
