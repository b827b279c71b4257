"""Both sides of a call in one WAV: the caller left, the agent right, at the line's rate.

The caller's audio stands where it arrived, the agent's where the carrier played it: what a barge-in
threw away is not in it. Written as the call goes on, with a second of memory.
"""

from __future__ import annotations

import wave
from collections import deque
from typing import BinaryIO

import numpy as np

from linecard.media.codec import DECODE
from linecard.media.formats import AudioFormat

HELD_SECONDS = 1.0
SLACK_SECONDS = 0.1
"""Audio that arrives so much off its time stays joined to what came before."""


class _Side:
    """One channel: pieces of int16 at their sample position, joined where they nearly touch."""

    def __init__(self, rate: int) -> None:
        self._slack = int(rate * SLACK_SECONDS)
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._end = 0

    def put(self, pcm: bytes, position: int) -> None:
        """A piece; small differences of time leave no gap and no overlap."""
        if abs(position - self._end) <= self._slack or position < self._end:
            position = self._end
        self._pieces.append((position, pcm))
        self._end = position + len(pcm) // 2

    def cut(self, position: int) -> None:
        """Forget what stands after a position."""
        while self._pieces and self._pieces[-1][0] >= position:
            self._end = self._pieces.pop()[0]
        if self._pieces:
            start, pcm = self._pieces[-1]
            kept = pcm[: max(0, position - start) * 2]
            self._pieces[-1] = (start, kept)
            self._end = start + len(kept) // 2

    def take(self, start: int, end: int) -> bytes:
        """The samples from start to end, silence where nothing stands."""
        out = bytearray((end - start) * 2)
        while self._pieces and self._pieces[0][0] < end:
            position, pcm = self._pieces.popleft()
            usable = (end - position) * 2
            if len(pcm) > usable:
                self._pieces.appendleft((end, pcm[usable:]))
                pcm = pcm[:usable]
            offset = max(0, position - start) * 2
            out[offset : offset + len(pcm)] = pcm
        return bytes(out[: (end - start) * 2])


class Tap:
    """Writes one call's sound; survives its streams. `line` is what both directions carry."""

    def __init__(self, file: BinaryIO, line: AudioFormat, start: float) -> None:
        self._rate = line.rate
        self._decode = DECODE[line.encoding, line.byte_order]
        self._start = start
        self._written = 0
        self._caller = _Side(line.rate)
        self._agent = _Side(line.rate)
        self._wav = wave.open(file, "wb")  # noqa: SIM115  closed by close()
        self._wav.setnchannels(2)
        self._wav.setsampwidth(2)
        self._wav.setframerate(line.rate)

    def caller(self, pcm: bytes, now: float) -> None:
        """A frame of the caller that has just arrived."""
        self._caller.put(pcm, self._position(now) - len(pcm) // 2)

    def agent(self, audio: bytes, starts_at: float) -> None:
        """A frame of the agent, in the line's encoding, which the carrier plays at that time."""
        self._agent.put(self._decode(audio), self._position(starts_at))

    def clear(self, now: float) -> None:
        """The carrier threw away what it has not played."""
        self._agent.cut(self._position(now))

    def write(self, now: float) -> None:
        """Write what can no longer change."""
        self._write_to(self._position(now - HELD_SECONDS))

    def close(self, now: float) -> None:
        """Write the rest and finish the file."""
        self._agent.cut(self._position(now))
        self._write_to(self._position(now))
        self._wav.close()

    def _position(self, moment: float) -> int:
        return max(0, round((moment - self._start) * self._rate))

    def _write_to(self, end: int) -> None:
        if end <= self._written:
            return
        left = np.frombuffer(self._caller.take(self._written, end), "<i2")
        right = np.frombuffer(self._agent.take(self._written, end), "<i2")
        self._wav.writeframesraw(np.column_stack((left, right)).astype("<i2").tobytes())
        self._written = end
