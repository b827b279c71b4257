"""What was erased, in counts; no word of it says of whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KINDS = (
    "calls",
    "events",
    "payloads",
    "documents",
    "recordings",
    "transfers",
    "notifications",
    "jobs",
    "idempotency_keys",
    "stream_claims",
    "flight_records",
    "mentions",
    "blocklist",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`erased` by kind, those of plugins too: rows, and for recordings and flight records files as well.

    `dry_run`: nothing was erased, this is what would go. `blocked`: the number stays on the blocklist.
    `left_at_carrier`: recordings whose carrier cannot be asked to delete them. `named_in`: registered
    numbers whose configuration names the number, and "settings"; a person must change these.
    """

    erased: Counter[str] = field(default_factory=Counter)
    dry_run: bool = False
    blocked: bool = False
    left_at_carrier: int = 0
    named_in: tuple[str, ...] = ()
