"""What stands on record of a call, apart from when and in which order we heard it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linecard import events
from linecard.events import CarrierEvent, TransferReported
from linecard.exchange.chronicle import event_name_of
from tests.calls.orders.office import Rows

REPORTS = frozenset(
    event_name_of(kind)
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, CarrierEvent)
)
"""Lines of the record that a carrier's report has written; the others tell what we have done."""
OF_TRANSFERS = frozenset({event_name_of(TransferReported)})
"""What such a report means is judged when it comes."""
OF_CALL = (
    "status",
    "answered_at",
    "answered_by",
    "answered_word",
    "ended_at",
    "duration",
    "cost",
    "end_reason",
    "carrier_ids",
)
OF_RECORDING = ("n", "recording", "status", "url", "duration_ms", "channels", "reason")
OF_TRANSFER = ("id", "state", "result", "answers")
MOMENTS = frozenset({"at", "created_at", "due_at", "claimed_at", "released_at", "id", "body"})
"""What differs between two ways to the same: when it was written, a row's place, tokens inside a document."""

Record = Mapping[str, Any]


def record_of(rows: Rows, without: frozenset[str] = frozenset()) -> Record:
    """The call, its recordings and transfers, as they are to be the same whatever came in between."""
    fields = tuple(name for name in OF_CALL if name not in without)
    whole = {
        "calls": [_some(row, fields) for row in rows["calls"]],
        "recordings": _sorted(_some(row, OF_RECORDING) for row in rows["recordings"]),
        "transfers": _sorted(_some(row, OF_TRANSFER) for row in rows["transfers"]),
    }
    return {name: each for name, each in whole.items() if name not in without}


def told_of(rows: Rows, without: frozenset[str] = frozenset()) -> list[str]:
    """The carrier's reports on record, as a set."""
    untold = OF_TRANSFERS if "transfers" in without else frozenset()
    lines = (row for row in rows["timeline"] if row["name"] in REPORTS - untold)
    return _sorted({"name": line["name"], "facts": line["facts"]} for line in lines)


def state_of(rows: Rows) -> str:
    """All that the next request may meet: two states of the same text are the same to it."""
    kept = {
        table: _sorted(
            {name: value for name, value in row.items() if name not in MOMENTS} for row in each
        )
        for table, each in rows.items()
    }
    return json.dumps(kept, sort_keys=True, default=_text)


def _some(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _sorted(found: Any) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True, default=_text) for one in found)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
