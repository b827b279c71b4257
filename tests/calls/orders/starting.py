"""What stands in the database before a call's first callback: what we have done ourselves."""

from __future__ import annotations

from typing import Any

from linecard.calls import CallStatus, Direction
from linecard.transfers import TransferState
from tests.calls.orders.office import Rows, rows_of
from tests.calls.orders.records import REPORTS
from tests.calls.telephone import Telephone

UNDONE: dict[str, Any] = {
    "answered_at": None,
    "answered_by": None,
    "answered_word": "",
    "greeting_over": False,
    "ended_at": None,
    "duration": None,
    "cost": None,
    "end_reason": None,
    "carrier_ids": {},
    "status": CallStatus.QUEUED,
}
"""A call of which nothing has been heard."""
NOT_DIALLED: dict[str, Any] = {
    "state": TransferState.WAITING,
    "result": None,
    "rung": 0,
    "answers": {},
}
"""A transfer that was asked for, and of which nothing has been heard."""
CONSULTING: dict[str, Any] = {
    **NOT_DIALLED,
    "state": TransferState.CONSULTING,
    "rung": 1,
    "legs": {"target:1": ""},
    "brought": False,
}
"""One whose target the carrier has been asked to ring, and has not answered yet."""
BY_ANSWER = frozenset({"stream-asked-again", "apologised", "recording-kept"})
"""Lines that answers to the carrier write: they come again with its requests."""


async def start_of(world: Telephone, call_id: str) -> Rows:
    """The call as it was written before the dial, with our own doings in it; for one that comes in, its number alone."""
    rows = await rows_of(world.exchange)
    (call,) = rows["calls"]
    assert call["id"] == call_id
    if call["direction"] is Direction.INBOUND:
        return {"numbers": rows["numbers"]}
    own = [row for row in rows["timeline"] if row["name"] not in REPORTS | BY_ANSWER]
    start = {
        "numbers": rows["numbers"],
        "calls": [{**call, **UNDONE}],
        "timeline": own,
        "transfers": [
            {**row, **(CONSULTING if row["consults"] else NOT_DIALLED)} for row in rows["transfers"]
        ],
    }
    return {**start, **_recording_by_api(rows, start)}


def _recording_by_api(rows: Rows, start: Rows) -> Rows:
    """A recording that the carrier's answer to our own request named, once: it is not asked for again."""
    if not any(line["facts"].get("when") == "live" for line in rows["timeline"]):
        return {}
    (call,), wanted = start["calls"], ("call", "n", "recording", "by", "started_at")
    running = [
        dict.fromkeys(row) | {name: row[name] for name in wanted} | {"status": "recording"}
        for row in rows["recordings"]
    ]
    asked = [row for row in rows["timeline"] if row["name"] == "recording-started"]
    known = [row for row in rows["inbox"] if row["key"].startswith("recording-started:")]
    return {
        "calls": [{**call, "record": False}],
        "timeline": [*start["timeline"], *asked],
        "recordings": running,
        "inbox": known,
    }
