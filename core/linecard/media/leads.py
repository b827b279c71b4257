"""How far ahead of real time audio is sent: longer where it proves too short."""

from __future__ import annotations

WINDOW_SECONDS = 10.0
LONGEST_SECONDS = 1.2


class Lead:
    """The lead of one stream, in seconds. Two underruns within 10 s double it, to 1.2 s at most."""

    __slots__ = (
        "_last_underrun",
        "seconds",
    )

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._last_underrun: float | None = None

    def underrun(self, now: float) -> bool:
        """The carrier ran dry because we were late. True when the lead has grown."""
        last, self._last_underrun = self._last_underrun, now
        if last is None or now - last > WINDOW_SECONDS or self.seconds >= LONGEST_SECONDS:
            return False
        self.seconds = min(self.seconds * 2, LONGEST_SECONDS)
        self._last_underrun = None
        return True
