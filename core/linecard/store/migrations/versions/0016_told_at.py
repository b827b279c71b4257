"""When a recording's file was told, by which its age counts; how long our copy lasts, and what is odd about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

HAS_FILE = ("completed", "external")


def upgrade() -> None:
    """Recordings of before count from our copy or their call's end; jobs that held their day by the setting of then go."""
    for name, kind in (
        ("told_at", sa.DateTime(timezone=True)),
        ("copy_ms", sa.BigInteger),
        ("flaw", sa.String),
    ):
        op.add_column("recordings", sa.Column(name, kind))
    op.create_index("ix_recordings_status", "recordings", ["status", "told_at"])
    _date()
    outbox = sa.table("outbox", *map(sa.column, ("kind", "key", "state")))
    op.execute(
        outbox.delete().where(
            outbox.c.kind == "delete-recording",
            outbox.c.state == "waiting",
            outbox.c.key.like("%:old"),
        )
    )


def _date() -> None:
    names = ("call_id", "status", "kept_at", "told_at")
    recordings = sa.table("recordings", *map(sa.column, names))
    calls = sa.table("calls", *map(sa.column, ("id", "ended_at", "created_at")))
    of_call = sa.func.coalesce(calls.c.ended_at, calls.c.created_at)
    end = sa.select(of_call).where(calls.c.id == recordings.c.call_id).scalar_subquery()
    told = recordings.c.status.in_(HAS_FILE)
    told_at = sa.func.coalesce(recordings.c.kept_at, end)
    op.execute(recordings.update().where(told).values(told_at=told_at))
