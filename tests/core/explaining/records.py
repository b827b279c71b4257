"""Records to explain, as short as they can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from linecard.calls import Call, CallStatus, Direction
from linecard.explaining import Record
from linecard.store.inbox import Entry
from linecard.store.timeline import Line

AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """A moment so long after the call began."""
    return AT + timedelta(seconds=seconds)


def line(seconds: float, name: str, **facts: object) -> Line:
    """A line of the timeline."""
    return Line(after(seconds), name, facts)


def entry(seconds: float, event: str, **payload: object) -> Entry:
    """A fact of the inbox."""
    said = {"event": event, "key": f"{event}:1", "leg": "caller", **payload}
    key = str(said["key"])
    return Entry(
        provider="acme", account="main", key=key, call_id="c1", payload=said, at=after(seconds)
    )


def record(*lines: Line, inbox: tuple[Entry, ...] = (), more: Any = None, **call: Any) -> Record:
    """A call that came in, was answered and completed, with some changes; `more` are the record's own."""
    values: dict[str, Any] = {
        "id": "c1",
        "provider": "acme",
        "account": "main",
        "direction": Direction.INBOUND,
        "from_": "+14155550123",
        "to": "+14155550100",
        "number": "+14155550100",
        "agent": "support",
        "profile": "usual",
        "status": CallStatus.COMPLETED,
        "created_at": AT,
        "answered_at": after(1),
        "ended_at": after(35),
    }
    whole = {"public_url": "https://calls.example.com", **(more or {})}
    return Record(call=Call(**{**values, **call}), lines=lines, inbox=inbox, **whole)
