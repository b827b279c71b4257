"""Every table. The migrations make the same; a test compares the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from linecard.calls import CallStatus, Consented, Direction, Machine, MachineKind
from linecard.events import TransferResult
from linecard.numbers import Blocks
from linecard.store.columns import Named, Text, Texts, UtcTime
from linecard.transfers import TransferState

NAMES: Mapping[str, str] = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
"""How constraints are named, in the tables of plugins too."""
metadata = MetaData(naming_convention=dict(NAMES))

Serial = BigInteger().with_variant(Integer, "sqlite")


def _of_call(key: str = "call_id", *, primary_key: bool = False) -> Column[Any]:
    """The call that a row belongs to; the row goes when the call goes."""
    call = ForeignKey("calls.id", ondelete="CASCADE")
    return Column("call_id", String, call, key=key, primary_key=primary_key, nullable=False)


numbers = Table(
    "numbers",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", String, nullable=False, unique=True),
    Column("provider", String, nullable=False),
    Column("account", String, nullable=False),
    Column("agent", String, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("max_seconds", Integer, nullable=False),
    Column("stream", String),
    Column("options", JSON, nullable=False),
    Column("record", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("former_target", Text),
    Column("connected_target", Text),
    Column("proofs", Texts, nullable=False),
    Column("notify", Text),
    Column("routing", JSON, nullable=False),
    Column("consent", JSON, nullable=False),
    Column("record_after_transfer", Boolean, nullable=False),
    Column("enhance", String),
    Column("country", String),
    Column("created_at", UtcTime, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("id", String, primary_key=True),
    Column("provider", String, nullable=False),
    Column("account", String, nullable=False),
    Column("direction", Named(Direction), nullable=False),
    Column("from_number", Text, key="from_"),
    Column("to_number", Text, key="to", nullable=False),
    Column("number", String, nullable=False),
    Column("agent", String, nullable=False),
    Column("profile", String, nullable=False),
    Column("status", Named(CallStatus), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("carrier_ids", JSON, nullable=False),
    Column("metadata", JSON, key="metadata", nullable=False),
    Column("options", JSON, nullable=False),
    Column("record", Boolean, nullable=False),
    Column("machine", Named(Machine), nullable=False),
    Column("ring_seconds", Integer, nullable=False),
    Column("max_seconds", Integer, nullable=False),
    Column("send_digits", Text),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("duration", Integer),
    Column("cost", Text),
    Column("end_reason", Text),
    Column("outcome", Text),
    Column("closing", Text),
    Column("closing_at", UtcTime),
    Column("notify", Text),
    Column("route", JSON, nullable=False),
    Column("consent", JSON, nullable=False),
    Column("consented", Named(Consented)),
    Column("record_after_transfer", Boolean, nullable=False),
    Column("answered_by", Named(MachineKind)),
    Column("answered_word", Text, nullable=False),
    Column("greeting_over", Boolean, nullable=False),
    Column("voicemail", JSON, nullable=False),
    Column("enhance", String),
    Column("owner", String),
)
Index("ix_calls_created_at", calls.c.created_at, calls.c.id)
Index("ix_calls_status", calls.c.status, calls.c.number)
Index("ix_calls_number", calls.c.number, calls.c.created_at)
Index("ix_calls_from_number", calls.c.from_, calls.c.created_at)
Index("ix_calls_to_number", calls.c.to, calls.c.created_at)

instances = Table(
    "instances",
    metadata,
    Column("name", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("draining", Boolean, nullable=False),
)

blocklist = Table(
    "blocklist",
    metadata,
    Column("id", String, primary_key=True),
    Column("caller", Text, nullable=False, unique=True),
    Column("direction", Named(Blocks), nullable=False),
    Column("note", Text),
    Column("created_at", UtcTime, nullable=False),
)

carrier_ids = Table(
    "carrier_ids",
    metadata,
    Column("provider", String, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    _of_call(),
)
Index("ix_carrier_ids_call_id", carrier_ids.c.call_id)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Serial, primary_key=True),
    _of_call(),
    Column("at", UtcTime, nullable=False),
    Column("name", String, nullable=False),
    Column("facts", JSON, nullable=False),
)
Index("ix_timeline_call_id", timeline.c.call_id, timeline.c.id)

inbox = Table(
    "inbox",
    metadata,
    Column("provider", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("call_id", String),
    Column("payload", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("ix_inbox_call_id", inbox.c.call_id)
Index("ix_inbox_at", inbox.c.at)

recordings = Table(
    "recordings",
    metadata,
    _of_call("call", primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("recording", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("url", Text),
    Column("duration_ms", BigInteger),
    Column("started_at", UtcTime),
    Column("kept_as", Text),
    Column("by", String, nullable=False),
    Column("channels", Integer),
    Column("reason", Text),
    Column("bytes", BigInteger),
    Column("sha256", String),
    Column("kept_at", UtcTime),
    Column("told_at", UtcTime),
    Column("copy_ms", BigInteger),
    Column("flaw", Text),
    UniqueConstraint("call", "recording"),
)
Index("ix_recordings_status", recordings.c.status, recordings.c.told_at)

transfers = Table(
    "transfers",
    metadata,
    Column("id", String, primary_key=True),
    _of_call("call"),
    Column("targets", Texts, nullable=False),
    Column("mode", String, nullable=False),
    Column("ring_seconds", Integer, nullable=False),
    Column("state", Named(TransferState), nullable=False),
    Column("result", Named(TransferResult)),
    Column("legs", JSON, nullable=False),
    Column("order", String, nullable=False),
    Column("whisper", String),
    Column("accept_key", String),
    Column("rung", Integer, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("brought", Boolean, nullable=False),
    Column("consults", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
Index("ix_transfers_call_id", transfers.c.call, transfers.c.created_at)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("queue", String, nullable=False),
    Column("call_id", String),
    Column("payload", JSON, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("error", Text),
    Column("created_at", UtcTime, nullable=False),
)
Index("ix_outbox_due", outbox.c.state, outbox.c.due_at)
Index("ix_outbox_call_id", outbox.c.call_id)

notifications = Table(
    "notifications",
    metadata,
    Column("id", String, primary_key=True),
    _of_call("call"),
    Column("key", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("next_at", UtcTime),
    UniqueConstraint("call", "key"),
)
Index("ix_notifications_call_id", notifications.c.call, notifications.c.sequence, unique=True)
Index("ix_notifications_state", notifications.c.state, notifications.c.created_at)

documents = Table(
    "documents",
    metadata,
    _of_call(primary_key=True),
    Column("kind", String, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("content_type", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

claims = Table(
    "stream_claims",
    metadata,
    Column("token", String, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("stream", Text, nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
    Column("released_at", UtcTime),
)
Index("ix_stream_claims_claimed_at", claims.c.claimed_at)

idempotency = Table(
    "idempotency_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body_hash", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("ix_idempotency_keys_at", idempotency.c.at)
