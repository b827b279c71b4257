"""Whether audio comes as fast as was declared: a line of another rate is heard too slow or too fast."""

from __future__ import annotations

from statistics import median

from linecard.media.formats import AudioFormat

MEASURED = 100
"""Messages, two seconds as a rule."""
STEADY = 0.15
"""By so much the usual pause between messages may differ from their mean: a line that halts says nothing of its rate."""
NEAR = 0.12
RATES = (8000, 16_000, 24_000, 48_000)


class Tempo:
    """Measures the first messages of one stream that are all of one size. Moments are seconds."""

    __slots__ = ("_line", "_moments", "_size", "is_done")

    def __init__(self, line: AudioFormat) -> None:
        self.is_done = False
        self._line = line
        self._size = 0
        self._moments: list[float] = []

    def heard(self, size: int, now: float) -> str | None:
        """One more message; a sentence when its rate cannot be what was declared."""
        if size != self._size:
            self._size, self._moments = size, []
        self._moments.append(now)
        if len(self._moments) <= MEASURED:
            return None
        self.is_done = True
        return self._judge()

    def _judge(self) -> str | None:
        seconds = self._pause()
        if seconds is None:
            return None
        heard = self._size / self._line.sample_bytes / seconds
        likely = min(RATES, key=lambda rate: abs(heard - rate))
        if likely == self._line.rate or abs(heard - likely) > NEAR * likely:
            return None
        return (
            f"the line was declared at {self._line.rate} Hz, but as much sound comes as at {likely} Hz; "
            "check the number's stream profile"
        )

    def _pause(self) -> float | None:
        """Between two messages; None where they do not come evenly."""
        pauses = [
            late - early for early, late in zip(self._moments, self._moments[1:], strict=False)
        ]
        usual, mean = median(pauses), sum(pauses) / len(pauses)
        return mean if mean > 0 and abs(usual - mean) <= STEADY * mean else None
