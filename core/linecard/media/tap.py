"""Both sides of a call into one stereo WAV: the caller left, the agent right, as the line carried them.

The agent stands where the carrier plays it, by the pacing clock, so that what a clear threw away is
not in it; the caller stands where it arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from linecard.media.codec import Codec
from linecard.media.formats import AudioFormat, StreamFormat, same_both_ways
from linecard.media.wav import StereoWriter

if TYPE_CHECKING:
    from linecard.media.codec import Stage

MOST_BEHIND_SECONDS = 2.0
"""The caller's audio may lag so far behind the clock, in a stall that a burst makes up for."""
MOST_AHEAD_SECONDS = 2.0
WRITE_SECONDS = 0.5
SLACK_SAMPLES = 2
"""What the rounding of times may open between two chunks that follow each other."""


class Track:
    """One side: samples by their place since the tap began, of which the oldest are gone to the file."""

    def __init__(self) -> None:
        self._begin = 0
        self._samples = bytearray()

    @property
    def end(self) -> int:
        """The place behind the last sample."""
        return self._begin + len(self._samples) // 2

    def add(self, place: int, pcm: bytes) -> None:
        """Put audio at a place, or behind what is there already; silence fills the gap."""
        gap = place - self.end
        if gap > SLACK_SAMPLES:
            self._samples += bytes(2 * gap)
        self._samples += pcm

    def cut(self, place: int) -> None:
        """Forget what stands behind a place."""
        del self._samples[2 * max(0, place - self._begin) :]

    def take(self, place: int) -> bytes:
        """Everything before a place, silence where nothing was put; gone from here."""
        size = 2 * max(0, place - self._begin)
        taken = bytes(self._samples[:size]).ljust(size, b"\0")
        del self._samples[:size]
        self._begin = max(self._begin, place)
        return taken


class Lag:
    """How far the caller's audio has fallen behind the clock, for good and not in a stall.

    A stall is made up for by a burst, so only the least lag of 2 s of frames counts.
    """

    FRAMES = 100
    TOLERANCE_SECONDS = 0.06

    def __init__(self, rate: int) -> None:
        self._tolerance = round(self.TOLERANCE_SECONDS * rate)
        self._seen = 0
        self._least = 0

    def missing(self, samples: int) -> int:
        """The samples of silence that are due before a frame that lags by so many."""
        self._least = min(self._least, samples) if self._seen else samples
        self._seen += 1
        if self._seen < self.FRAMES:
            return 0
        self._seen = 0
        return self._least if self._least > self._tolerance else 0


class CallTap:
    """The WAV of one call, over all its streams; it begins at `began` on the call's clock."""

    def __init__(self, file: BinaryIO, rate: int, began: float) -> None:
        self.rate = rate
        self.dropped_ms = 0
        self._began = began
        self._writer = StereoWriter(file, rate)
        self._caller = Track()
        self._agent = Track()
        self._lag = Lag(rate)
        self._written = 0

    def stream(self, format: StreamFormat) -> StreamTap:
        """The tap of one stream of the call."""
        return StreamTap(self, format)

    def caller(self, pcm: bytes, now: float) -> None:
        """Audio that arrived now; in a burst it stands behind what came before it."""
        track, place = self._caller, self._place(now)
        lag = place - track.end
        if not track.end or lag > MOST_BEHIND_SECONDS * self.rate:
            track.add(place, pcm)
        elif -lag > MOST_AHEAD_SECONDS * self.rate:
            self.dropped_ms += len(pcm) * 500 // self.rate
        else:
            track.add(track.end + self._lag.missing(lag), pcm)

    def agent(self, pcm: bytes, plays_at: float) -> None:
        """Audio that the carrier begins to play at `plays_at`."""
        self._agent.add(self._place(plays_at), pcm)

    def cleared(self, now: float) -> None:
        """The carrier has thrown away what it had not played."""
        self._agent.cut(self._place(now))

    def advance(self, now: float) -> None:
        """Write what can change no more."""
        final = min(self._place(now), self._caller.end)
        final = max(final, self._place(now - MOST_BEHIND_SECONDS))
        if final - self._written >= WRITE_SECONDS * self.rate:
            self._write(final)

    def close(self, now: float) -> None:
        """Write the rest up to now and finish the file's header; the file itself stays open."""
        self._write(max(self._place(now), self._caller.end, self._written))
        self._writer.close()

    def _place(self, moment: float) -> int:
        return max(0, round((moment - self._began) * self.rate))

    def _write(self, place: int) -> None:
        self._writer.write(self._caller.take(place), self._agent.take(place))
        self._written = place


class StreamTap:
    """One stream's part of a call's tap; takes audio in the line's encoding."""

    def __init__(self, call: CallTap, format: StreamFormat) -> None:
        self._call = call
        self.believe(format.inbound)
        self._decode_agent: Stage = Codec(same_both_ways(format.outbound), call.rate).decode

    def believe(self, inbound: AudioFormat) -> None:
        """What the line carries from the caller."""
        self._decode_caller: Stage = Codec(same_both_ways(inbound), self._call.rate).decode

    def caller(self, payload: bytes, now: float) -> None:
        """The caller's audio as it arrived."""
        self._call.caller(self._decode_caller(payload), now)

    def agent(self, chunk: bytes, plays_at: float) -> None:
        """A chunk of the agent's, and when the carrier begins to play it."""
        self._call.agent(self._decode_agent(chunk), plays_at)

    def cleared(self, now: float) -> None:
        """The carrier has thrown away what it had not played."""
        self._call.cleared(now)

    def advance(self, now: float) -> None:
        """Write what can change no more."""
        self._call.advance(now)
