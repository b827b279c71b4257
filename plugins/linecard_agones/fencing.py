"""Which call each pod was handed to, so that no pod is handed out twice."""

from __future__ import annotations

MOST_NAMES = 100_000
"""Five calls a second for more than the longest call lasts."""


class Fence:
    """The pods that were handed out, by name.

    A game server that was allocated is never free again, and names are not used again: so whoever names
    one a second time is wrong, also after its call has ended.
    """

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._calls: dict[str, str] = {}

    def take(self, pod: str, call: str) -> bool:
        """Hand a pod to a call; False where it was handed out before."""
        if pod in self._calls:
            return False
        if len(self._calls) >= self._most:
            del self._calls[next(iter(self._calls))]
        self._calls[pod] = call
        return True
