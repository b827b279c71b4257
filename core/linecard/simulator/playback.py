"""The carrier's buffer of audio that the application sent: played in real time, to the sample."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

PAUSE_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence that was played for want of audio, before byte `position` of `played`.

    `is_underrun`: so short that the sender meant no pause, and not after a clear.
    """

    position: int
    length: int
    is_underrun: bool


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a clear threw away: bytes before byte `position` of `played`, and marks never reached."""

    position: int
    audio: bytes
    marks: tuple[str, ...]


class Playback:
    """Audio in the line's encoding. `silence` is one frame of it, `capacity` in bytes.

    `played` holds exactly the bytes that were played, without the gaps; what the phone heard is
    `played` with `gaps` put back in (`with_gaps`).
    """

    def __init__(self, silence: bytes, bytes_per_second: int, capacity: int) -> None:
        self.played = bytearray()
        self.gaps: list[Gap] = []
        self.dropped: list[Dropped] = []
        self.overflowed = 0
        self.taken = 0
        self.capacity = capacity
        self._silence = silence
        self._longest_underrun = round(PAUSE_SECONDS * bytes_per_second)
        self._buffer = bytearray()
        self._marks: deque[tuple[int, str]] = deque()
        self._gap = 0
        self._is_resting = True

    @property
    def waiting(self) -> int:
        """Bytes taken and not played yet."""
        return len(self._buffer)

    @property
    def fill(self) -> float:
        """How full the buffer is, 0 to 1."""
        return len(self._buffer) / self.capacity

    @property
    def underruns(self) -> int:
        """How often audio came too late."""
        return sum(gap.is_underrun for gap in self.gaps)

    def push(self, audio: bytes) -> bool:
        """Take audio to play; False, and counted, when it does not fit."""
        if len(self._buffer) + len(audio) > self.capacity:
            self.overflowed += len(audio)
            return False
        self._close_gap()
        self._buffer += audio
        self.taken += len(audio)
        return True

    def mark(self, name: str) -> None:
        """Ask to be told, by `reached`, when all before it has been played."""
        self._marks.append((len(self.played) + len(self._buffer), name))

    def reached(self) -> list[str]:
        """The marks reached since the last question, in their order."""
        names = []
        while self._marks and self._marks[0][0] <= len(self.played):
            names.append(self._marks.popleft()[1])
        return names

    def play(self) -> bytes:
        """The next frame, filled up with silence where there is too little."""
        size = len(self._silence)
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.played += frame
        self._gap += size - len(frame)
        return frame + self._silence[len(frame) :]

    def clear(self) -> Dropped:
        """Throw away what has not been played, with its marks."""
        marks = tuple(name for _, name in self._marks)
        dropped = Dropped(len(self.played), bytes(self._buffer), marks)
        self._marks.clear()
        self._buffer.clear()
        self.dropped.append(dropped)
        self._is_resting = True
        return dropped

    def with_gaps(self) -> bytes:
        """What was played, silence included, up to the last byte of audio."""
        out, done = bytearray(), 0
        for gap in self.gaps:
            out += self.played[done : gap.position]
            out += self._hush(gap.length)
            done = gap.position
        return bytes(out + self.played[done:])

    def _hush(self, length: int) -> bytes:
        return (self._silence * (length // len(self._silence) + 1))[:length]

    def _close_gap(self) -> None:
        if self._gap:
            late = not self._is_resting and self._gap <= self._longest_underrun
            self.gaps.append(Gap(len(self.played), self._gap, late))
        self._gap, self._is_resting = 0, False
