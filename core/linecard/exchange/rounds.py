"""Documents that wait: how many a call was given in a row, and what its carrier had said before them."""

from __future__ import annotations

from dataclasses import dataclass, field

from linecard.exchange.remembered import Remembered
from linecard.webhook import Callback, CarrierRequest, Kind

TOLD_ONCE = frozenset({Kind.ACCEPT, Kind.DIALED, Kind.GATHERED})
"""Here a carrier says something with its question; sent back to the address after a pause, it asks alone."""


@dataclass(slots=True)
class Rounds:
    """Counts by call, and what was told by address; `now` is of the calls' clock."""

    _counts: Remembered[int] = field(default_factory=Remembered[int])
    _told: Remembered[Callback] = field(default_factory=Remembered[Callback])

    def __len__(self) -> int:
        return len(self._counts) + len(self._told)

    def has_waited(self, name: str) -> bool:
        """Whether the call was given a document that waits: then it is answered, and rings no more."""
        return self._counts.get(name) is not None

    def another(self, name: str, now: float) -> int:
        """Count one more; how many it is."""
        count = (self._counts.get(name) or 0) + 1
        self._counts.put(name, count, now)
        return count

    def keep(self, request: CarrierRequest, callback: Callback, now: float) -> None:
        """Keep what this request says until its question is answered."""
        if request.call and request.kind in TOLD_ONCE:
            self._told.put(request.url, callback, now)

    def told(self, request: CarrierRequest) -> Callback | None:
        """What was said when this question was asked first, where it was left waiting."""
        return self._told.get(request.url)

    def over(self, name: str, url: str = "") -> None:
        """The call has its answer; the next question at this address is another."""
        self._counts.drop(name)
        self._told.drop(url)

    def clear(self) -> None:
        """Forget everybody."""
        self._counts.clear()
        self._told.clear()
