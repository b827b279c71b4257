"""How many documents that wait a call was given in a row; forgotten once it asks no more."""

from __future__ import annotations

from dataclasses import dataclass, field

REMEMBERED_SECONDS = 120.0
"""Beyond the pause of such a document: who has not asked again by then has hung up."""


@dataclass(slots=True)
class Rounds:
    """Counts by call; `now` is of the calls' clock."""

    _counts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._counts)

    def another(self, name: str, now: float) -> int:
        """Count one more, and forget whoever was last counted too long ago; how many it is."""
        count = self._counts.pop(name, (0, now))[0] + 1
        self._counts[name] = count, now
        self._forget(now - REMEMBERED_SECONDS)
        return count

    def over(self, name: str) -> None:
        """The call has its answer."""
        self._counts.pop(name, None)

    def _forget(self, before: float) -> None:
        """The oldest stand first."""
        while self._counts:
            name = next(iter(self._counts))
            if self._counts[name][1] >= before:
                return
            del self._counts[name]

    def clear(self) -> None:
        """Forget everybody."""
        self._counts.clear()
