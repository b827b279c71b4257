"""Counters of stream messages, which one carrier sends as numbers and another as texts."""

from __future__ import annotations

NUMBERS = int | float
LONGEST = 18
"""Digits."""


def read_count(count: object) -> int | None:
    """A sequence number or a time in ms, from `7`, `7.0` or `"7"`; None for what is none, or absurd."""
    if type(count) is str:
        is_short = len(count) <= LONGEST
        return int(count) if count.isdecimal() and is_short and count.isascii() else None
    return int(count) if isinstance(count, NUMBERS) and abs(count) < 10.0**LONGEST else None
