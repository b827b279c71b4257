"""How long a caller has been silent: by the level of the frames that come, not by frames that do not."""

from __future__ import annotations

from linecard.media.pcm import loudness

QUIET = 160
"""The root mean square below which a frame is silence: -46 dB of full scale, above a line's noise."""
SOUND_SECONDS = 0.06
"""So much sound in a row is a sound; a click is not."""
EVERY_SECONDS = 5
"""How often a silence that goes on is told."""


class Hush:
    """Follows the level of one stream's audio; `rate` is in samples a second."""

    __slots__ = (
        "_bytes_a_second",
        "_next",
        "_silent",
        "_sound",
    )

    def __init__(self, rate: int) -> None:
        self._bytes_a_second = rate * 2
        self._silent = 0
        self._sound = 0
        self._next = EVERY_SECONDS

    def heard(self, pcm: bytes) -> int | None:
        """One frame; the seconds of silence so far, each time that another five are full."""
        if loudness(pcm[:-1] if len(pcm) & 1 else pcm) >= QUIET:
            self._sound += len(pcm)
            if self._sound >= SOUND_SECONDS * self._bytes_a_second:
                self._silent, self._next = 0, EVERY_SECONDS
            return None
        self._sound = 0
        self._silent += len(pcm)
        if self._silent < self._next * self._bytes_a_second:
            return None
        told, self._next = self._next, self._next + EVERY_SECONDS
        return told
