"""The ticks of a replay: at the moments when the recorded server had them, so that it sends the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linecard.clock import Clock
from linecard.media.formats import FRAME_MS
from linecard.media.ticker import Ticker

PERIOD = FRAME_MS / 1000


class RecordedTicker(Ticker):
    """Ticks at given moments of the clock, and every 20 ms from `end` on, where the record has no stream any more."""

    def __init__(self, clock: Clock, moments: Sequence[float], end: float) -> None:
        super().__init__(clock)
        self._moments = moments
        self._end = end

    async def _run(self) -> None:
        for moment in self._due(self._clock.now()):
            await self._clock.sleep_until(moment)
            if not self._ticks:
                break
            self._tick_all(self._clock.now())
        self._task = None

    def _due(self, began: float) -> Iterator[float]:
        yield from (moment for moment in self._moments if moment >= began)
        moment = max(self._end, began)
        while True:
            moment += PERIOD
            yield moment
