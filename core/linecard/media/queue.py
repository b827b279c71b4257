"""What an agent has sent and the carrier has not been given: PCM in 20 ms pieces, marks in their places."""

from __future__ import annotations

from collections import deque

from linecard.media.formats import FRAME_MS
from linecard.media.marks import Mark

MOST_SECONDS = 30


class Queue:
    """At most 30 s of PCM at `rate`. None among the items is the end of an utterance.

    `size` is how many bytes of audio wait, `piece` the bytes of 20 ms.
    """

    __slots__ = (
        "_bytes_per_second",
        "items",
        "limit",
        "piece",
        "size",
    )

    def __init__(self, rate: int) -> None:
        self.items: deque[bytes | Mark | None] = deque()
        self._bytes_per_second = rate * 2
        self.piece = rate * FRAME_MS // 1000 * 2
        self.limit = MOST_SECONDS * self._bytes_per_second
        self.size = 0

    @property
    def seconds(self) -> float:
        """How long what waits will play."""
        return self.size / self._bytes_per_second

    @property
    def room(self) -> int:
        """Bytes that may be added."""
        return self.limit - self.size

    def milliseconds(self, size: int) -> int:
        """How long so many bytes play."""
        return size * 1000 // self._bytes_per_second

    def add(self, pcm: bytes) -> None:
        """Put audio at the end, in pieces, so that encoding it never takes long at once."""
        self.size += len(pcm)
        if len(pcm) <= self.piece:
            self.items.append(pcm)
            return
        step = self.piece
        self.items.extend(pcm[start : start + step] for start in range(0, len(pcm), step))

    def add_mark(self, mark: Mark | None) -> None:
        """Put a mark, or the end of an utterance, behind the audio."""
        self.items.append(mark)

    def put_back(self, mark: Mark | None) -> None:
        """Put back what was taken last."""
        self.items.appendleft(mark)

    def take(self) -> bytes | Mark | None:
        """The oldest item."""
        item = self.items.popleft()
        if isinstance(item, bytes):
            self.size -= len(item)
        return item

    def clear(self) -> int:
        """Throw everything away; how many bytes of audio that was."""
        size, self.size = self.size, 0
        self.items.clear()
        return size
