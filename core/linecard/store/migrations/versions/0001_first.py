"""The first tables: numbers, calls and what belongs to them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("linecard",)
depends_on = None

Time = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make every table; a call's rows go when the call goes."""
    _numbers()
    _calls()
    _carrier_ids()
    _timeline()
    _inbox()
    _recordings()
    _transfers()
    _documents()
    _claims()
    _idempotency()


def _words(*names: str, optional: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, nullable=optional) for name in names]


def _numbers() -> None:
    op.create_table(
        "numbers",
        *_words("id", "number", "provider", "account", "agent"),
        *_words("stream", "former_target", "connected_target", "country", optional=True),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("record", sa.Boolean, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_numbers"),
        sa.UniqueConstraint("number", name="uq_numbers_number"),
    )


def _calls() -> None:
    op.create_table(
        "calls",
        *_words("id", "provider", "account", "direction", "to_number", "number", "agent"),
        *_words("profile", "status", "machine"),
        *_words("from_number", "send_digits", "cost", "end_reason", "outcome", optional=True),
        *_words("closing", optional=True),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("answered_at", Time),
        sa.Column("ended_at", Time),
        sa.Column("carrier_ids", sa.JSON, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("record", sa.Boolean, nullable=False),
        sa.Column("ring_seconds", sa.Integer, nullable=False),
        sa.Column("max_seconds", sa.Integer, nullable=False),
        sa.Column("duration", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_created_at", "calls", ["created_at", "id"])
    op.create_index("ix_calls_status", "calls", ["status", "number"])
    op.create_index("ix_calls_number", "calls", ["number", "created_at"])
    op.create_index("ix_calls_to_number", "calls", ["to_number", "created_at"])


def _call_of(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_call_id"
    return sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=name, ondelete="CASCADE")


def _carrier_ids() -> None:
    op.create_table(
        "carrier_ids",
        *_words("provider", "name", "value", "call_id"),
        sa.PrimaryKeyConstraint("provider", "name", "value", name="pk_carrier_ids"),
        _call_of("carrier_ids"),
    )
    op.create_index("ix_carrier_ids_call_id", "carrier_ids", ["call_id"])


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("id", Serial, nullable=False),
        *_words("call_id", "name"),
        sa.Column("at", Time, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timeline"),
        _call_of("timeline"),
    )
    op.create_index("ix_timeline_call_id", "timeline", ["call_id", "id"])


def _inbox() -> None:
    op.create_table(
        "inbox",
        *_words("provider", "account", "key"),
        *_words("call_id", optional=True),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.PrimaryKeyConstraint("provider", "account", "key", name="pk_inbox"),
    )
    op.create_index("ix_inbox_call_id", "inbox", ["call_id"])


def _recordings() -> None:
    op.create_table(
        "recordings",
        *_words("call_id", "recording", "status", "by"),
        *_words("url", "kept_as", optional=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("started_at", Time),
        sa.PrimaryKeyConstraint("call_id", "n", name="pk_recordings"),
        sa.UniqueConstraint("call_id", "recording", name="uq_recordings_call_id"),
        _call_of("recordings"),
    )


def _transfers() -> None:
    op.create_table(
        "transfers",
        *_words("id", "call_id", "mode", "state"),
        *_words("result", optional=True),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.Column("ring_seconds", sa.Integer, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transfers"),
        _call_of("transfers"),
    )
    op.create_index("ix_transfers_call_id", "transfers", ["call_id", "created_at"])


def _documents() -> None:
    op.create_table(
        "documents",
        *_words("call_id", "kind", "reference", "content_type"),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "kind", "reference", name="pk_documents"),
        _call_of("documents"),
    )


def _claims() -> None:
    op.create_table(
        "stream_claims",
        *_words("token", "call_id", "stream"),
        sa.Column("claimed_at", Time, nullable=False),
        sa.Column("released_at", Time),
        sa.PrimaryKeyConstraint("token", name="pk_stream_claims"),
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency_keys",
        *_words("key", "body_hash", "call_id"),
        sa.Column("at", Time, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency_keys"),
    )
