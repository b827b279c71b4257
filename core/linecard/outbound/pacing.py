"""How often the carrier is asked about a call: soon at first, ever more rarely as the call grows old."""

from __future__ import annotations

from collections.abc import Iterable

SHORTEST_SECONDS = 25.0
SHARE_OF_AGE = 8
"""A call that is eight hours old is asked about once an hour."""


class Pacing:
    """When each call was last asked about. Moments and ages are seconds."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def is_due(self, call_id: str, now: float, age: float) -> bool:
        """Whether to ask now; if so, the next time is set."""
        if self._due.get(call_id, now) > now:
            return False
        self._due[call_id] = now + max(SHORTEST_SECONDS, age / SHARE_OF_AGE)
        return True

    def keep(self, call_ids: Iterable[str]) -> None:
        """Forget every other call."""
        kept = set(call_ids)
        self._due = {call_id: due for call_id, due in self._due.items() if call_id in kept}
