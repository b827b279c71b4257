"""The ticks of a replay: at the moments when the recorded server sent something, so that it sends the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linecard.clock import Clock
from linecard.flight.reading import Line
from linecard.media.formats import FRAME_MS
from linecard.media.ticker import Ticker

PERIOD = FRAME_MS / 1000
LONG_SECONDS = 0.5
"""Within so long of a message that was sent, no other tick comes: it might send the next one early."""


class RecordedTicker(Ticker):
    """Ticks at given moments of the clock, and every 20 ms where there are none for long."""

    def __init__(self, clock: Clock, moments: Sequence[float]) -> None:
        super().__init__(clock)
        self._moments = moments

    async def _run(self) -> None:
        began = self._clock.now()
        for moment in _filled([one for one in self._moments if one >= began], began):
            if not self._ticks:
                break
            await self._clock.sleep_until(moment)
            self._tick_all(self._clock.now())
        self._task = None


def _filled(moments: Sequence[float], began: float) -> Iterator[float]:
    """The moments, with a tick every 20 ms where two are far apart, and for ever after the last."""
    last = began
    for moment in moments:
        yield from _between(last + LONG_SECONDS, moment - LONG_SECONDS)
        yield moment
        last = moment
    while True:
        last += PERIOD
        yield last


def _between(first: float, last: float) -> Iterator[float]:
    moment = first
    while moment < last:
        yield moment
        moment += PERIOD


def sent_at(lines: Sequence[Line], origin: float) -> list[float]:
    """When the recorded server sent something on any stream."""
    return [origin + line["t"] for line in lines if _is_sent(line)]


def _is_sent(line: Line) -> bool:
    return line["k"] == "out" or line.get("dir") == "out"
