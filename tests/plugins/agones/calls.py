"""Calls that want a pod."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from linecard import Call, CallStatus, Direction

FACTS: dict[str, Any] = {
    "provider": "acme",
    "account": "main",
    "direction": Direction.INBOUND,
    "from_": "+14155550100",
    "to": "+14155550111",
    "number": "+14155550111",
    "agent": "echo",
    "profile": "stream",
    "status": CallStatus.RINGING,
    "created_at": datetime(2026, 1, 7, tzinfo=UTC),
}


def a_call(call_id: str = "0123456789abcdef0123", **other: Any) -> Call:
    """A call that rings."""
    return Call(**{**FACTS, "id": call_id, **other})
