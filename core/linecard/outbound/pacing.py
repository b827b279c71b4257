"""How often the carrier is asked about a call: soon at first, ever more rarely as the call grows old."""

from __future__ import annotations

SHORTEST_SECONDS = 25.0
SHARE_OF_AGE = 8
"""A call that is eight hours old is asked about once an hour."""


def next_look(age: float) -> float:
    """In how many seconds to ask again about a call that is `age` seconds old."""
    return max(SHORTEST_SECONDS, age / SHARE_OF_AGE)
