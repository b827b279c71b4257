"""An enhancer in one stream's way: behind the line's decoding, and before the agent's sample rate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.enhancing.offers import Enhancer
    from linecard.media.codec import Codec


MOST_SHARE = 0.5
"""Of the time that its sound lasts, an enhancer may work so much; with more it would starve all calls."""
JUDGED_SECONDS = 2.0


class TooSlow(Exception):
    """An enhancer that takes too much of a core."""


class Pace:
    """How much of a core an enhancer takes, judged every 2 s of sound: by its own work, not by others'."""

    __slots__ = ("_bytes_a_second", "_heard", "_spent")

    def __init__(self, rate: int) -> None:
        self._bytes_a_second = 2 * rate
        self._heard = 0
        self._spent = 0.0

    def took(self, seconds: float, size: int) -> None:
        """So many seconds of CPU for so many bytes. Raises TooSlow."""
        self._spent += seconds
        self._heard += size
        lasted = self._heard / self._bytes_a_second
        if lasted < JUDGED_SECONDS:
            return
        if self._spent > MOST_SHARE * lasted:
            took = 20 * self._spent / lasted
            raise TooSlow(f"it takes {took:.0f} ms for each 20 ms of sound: use a smaller model")
        self._heard, self._spent = 0, 0.0


class Enhancing:
    """The line's audio, decoded, enhanced at the line's own rate, and only then changed to the agent's.

    It decodes for itself, so that the way without it goes on undisturbed and can take over at any frame.
    """

    __slots__ = ("_change", "_enhancer", "_pace", "_plain", "_started_in_ms", "by", "is_told")

    def __init__(self, by: str, enhancer: Enhancer, started_in_ms: float, codec: Codec) -> None:
        self.by = by
        self.is_told = False
        self._enhancer = enhancer
        self._started_in_ms = started_in_ms
        self._pace = Pace(codec.format.inbound.rate)
        self.follow(codec)

    def follow(self, codec: Codec) -> None:
        """The line carries another encoding, or the agent wants another rate, from now on."""
        self._plain = codec.plain()
        self._change = codec.to_agent()

    def heard(self, payload: bytes) -> bytes:
        """One message of the line as the agent gets it.

        Raises whatever the enhancer does, ValueError where it gives more or less than it was given, TooSlow.
        """
        pcm = self._plain(payload)
        began = time.thread_time()
        cleaned = self._enhancer.process(pcm) if pcm else pcm
        self._pace.took(time.thread_time() - began, len(pcm))
        if len(cleaned) != len(pcm):
            raise ValueError(f"it gave {len(cleaned)} bytes for {len(pcm)}")
        return cleaned if self._change is None else self._change(cleaned)

    def facts(self) -> dict[str, object]:
        """For the call's record, once the first message has shown how the line cuts its audio."""
        return {
            "by": self.by,
            "delay_ms": round(self._enhancer.delay_ms, 1),
            "started_in_ms": round(self._started_in_ms, 1),
        }

    def close(self) -> None:
        """Free the enhancer. Raises whatever it does."""
        self._enhancer.close()
