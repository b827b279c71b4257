"""Outgoing audio: any chunking in, carrier-exact frames out, a little ahead of real time.

Pure arithmetic on a clock that is handed in; no I/O and no timer of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from linecard.media.codec import silence
from linecard.media.formats import StreamProfile

IDLE_SECONDS = 0.06
"""A last piece shorter than a frame is filled up with silence once nothing has come for so long."""
LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A name that stands between two bytes of audio."""

    name: str


class Outgoing:
    """The queue toward one carrier, in the line's encoding."""

    def __init__(self, profile: StreamProfile) -> None:
        line = profile.format.outbound
        self._line = line
        self._frame = max(line.frame_bytes, profile.chunk.smallest)
        self._bytes_per_second = line.rate * line.sample_bytes
        self._lead = profile.lead_ms / 1000
        self._queue: deque[bytes | Mark] = deque()
        self._partial = bytearray()
        self._queued = 0
        self._plays_until = 0.0
        self._last_put = 0.0
        self.starts_at = 0.0
        self.underruns = 0

    @property
    def seconds(self) -> float:
        """How much audio waits here."""
        return (self._queued + len(self._partial)) / self._bytes_per_second

    @property
    def has_room(self) -> bool:
        """Whether more may be queued: half a minute at most."""
        return self.seconds < LONGEST_SECONDS

    def playing(self, now: float) -> float:
        """Seconds until all that was sent has been played."""
        return max(0.0, self._plays_until - now)

    def unheard(self, now: float) -> float:
        """Seconds until all that was accepted has been played."""
        return self.seconds + self.playing(now)

    def put(self, audio: bytes, now: float) -> None:
        """Queue audio in the line's encoding."""
        self._last_put = now
        self._partial += audio
        size = self._frame
        whole = len(self._partial) - len(self._partial) % size
        for start in range(0, whole, size):
            self._append(bytes(self._partial[start : start + size]))
        del self._partial[:whole]

    def mark(self, name: str) -> None:
        """A mark behind all that is queued; a piece of a frame before it is filled up."""
        self.flush()
        self._queue.append(Mark(name))

    def flush(self) -> None:
        """Fill the last piece up to a whole frame."""
        if self._partial:
            missing = self._frame - len(self._partial)
            self._append(bytes(self._partial) + silence(self._line, missing))
            self._partial.clear()

    def clear(self, now: float) -> None:
        """Forget all that is queued; what the carrier held is forgotten by the carrier."""
        self._queue.clear()
        self._partial.clear()
        self._queued = 0
        self._plays_until = now

    def due(self, now: float) -> Iterator[bytes | Mark]:
        """What is to be sent now: marks at once, audio up to the lead."""
        if self._partial and not self._queue and now - self._last_put >= IDLE_SECONDS:
            self.flush()
        while self._queue:
            item = self._queue[0]
            if isinstance(item, bytes) and self._plays_until - now >= self._lead:
                return
            self._queue.popleft()
            if isinstance(item, bytes):
                self._sent(item, now)
            yield item

    def _append(self, frame: bytes) -> None:
        self._queue.append(frame)
        self._queued += len(frame)

    def _sent(self, frame: bytes, now: float) -> None:
        self._queued -= len(frame)
        if self._plays_until < now:
            late = now - self._plays_until
            self.underruns += self._plays_until > 0 and late < self._lead
            self._plays_until = now
        self.starts_at = self._plays_until
        self._plays_until += len(frame) / self._bytes_per_second
