"""The buffer of a stream, by chunks: a clear lets the chunk that is being played come to its end."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from linecard.simulator.playback import Dropped, Playback


class ChunkedPlayback(Playback):
    """A `Playback` that knows where each chunk of the application begins and ends."""

    def __init__(self, silence: bytes, bytes_per_second: int, capacity: int) -> None:
        super().__init__(silence, bytes_per_second, capacity)
        self._chunks: deque[tuple[int, int]] = deque()

    def push(self, audio: bytes) -> bool:
        """Take a chunk; False, and counted, when it does not fit."""
        start = len(self.played) + self.waiting
        fits = super().push(audio)
        if fits:
            self._chunks.append((start, start + len(audio)))
        return fits

    def clear(self) -> Dropped:
        """Throw away the chunks that have not been started, with the marks behind the one that has."""
        kept = self._under_way()
        limit = len(self.played) + kept
        audio = bytes(self._buffer[:kept])
        marks = [mark for mark in self._marks if mark[0] <= limit]
        del self._buffer[:kept]
        self._marks = deque(mark for mark in self._marks if mark[0] > limit)
        dropped = replace(super().clear(), position=limit)
        self.dropped[-1] = dropped
        self._buffer += audio
        self._marks.extend(marks)
        self._chunks = deque([self._chunks[0]] if kept else [])
        return dropped

    def _under_way(self) -> int:
        """The bytes left of the chunk that has been started."""
        here = len(self.played)
        while self._chunks and self._chunks[0][1] <= here:
            self._chunks.popleft()
        if not self._chunks or self._chunks[0][0] >= here:
            return 0
        return self._chunks[0][1] - here
