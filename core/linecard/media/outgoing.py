"""The agent's audio on its way to the carrier: queued, cut to the carrier's size, paced by the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linecard.media.chunks import chunk_size
from linecard.media.leads import Lead
from linecard.media.marks import Mark, MarkEnd, Marks
from linecard.media.pace import Pace
from linecard.media.queue import Queue

if TYPE_CHECKING:
    from linecard.carrier import StreamProtocol
    from linecard.media.codec import Codec
    from linecard.media.counters import Counters
    from linecard.media.formats import StreamProfile
    from linecard.media.tap import StreamTap

IDLE_SECONDS = 0.06
"""Nothing came for so long, and the carrier has less than that left: the utterance is over."""
PAUSE_SECONDS = 0.4
"""A longer silence between two sounds is a pause that was meant, not an underrun."""
JITTER_SECONDS = 0.005
FULL_SECONDS = 5.0
"""A carrier that says it is full and never that it is ready again is believed for so long."""
MARK_SECONDS = 3.0
"""A mark that is not answered within its audio's time, the lead, and so long, ends unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one direction of a stream is made of; `fact` tells the listener's record.

    `wait` is called when something is left that the passing of time will bring on.
    """

    profile: StreamProfile
    protocol: StreamProtocol
    codec: Codec
    counters: Counters
    send: Callable[[str | bytes], None]
    wait: Callable[[], None]
    fact: Callable[[str, dict[str, object]], None]
    tap: StreamTap | None = None


class Outgoing:
    """From PCM of any size to whole chunks, at most the lead ahead of the carrier's playback.

    Every method takes `now` of the call's clock and does what is due; nothing here waits.
    """

    __slots__ = (
        "_came_at",
        "_chunk",
        "_encoded",
        "_full_until",
        "_is_ending",
        "_is_speaking",
        "_lead",
        "_line",
        "_marks",
        "_pace",
        "_peak",
        "_queue",
        "_waiting_since",
    )

    def __init__(self, line: Line) -> None:
        audio = line.codec.format.outbound
        self._line = line
        self._chunk = chunk_size(line.profile, audio)
        self._queue = Queue(line.codec.rate)
        self._pace = Pace(audio.rate * audio.sample_bytes)
        self._lead = Lead(line.profile.lead_ms / 1000)
        self._marks = Marks()
        self._encoded = b""
        self._peak = 0
        self._came_at = 0.0
        self._waiting_since = 0.0
        self._is_speaking = self._is_ending = False
        self._full_until = 0.0

    @property
    def seconds(self) -> float:
        """How long what has not been sent will play."""
        return self._queue.seconds + self._pace.seconds(len(self._encoded))

    @property
    def is_waiting(self) -> bool:
        """Whether the passing of time will bring anything."""
        return bool(self._encoded or self._queue.items or self._marks or self._line.codec.has_tail)

    def offer(self, pcm: bytes, now: float) -> bool:
        """Take audio, or leave it whole when there is no room."""
        pcm, queue = bytes(pcm), self._queue
        if len(pcm) > queue.limit - queue.size:
            return False
        self._came_at = now
        is_dry = len(self._encoded) < self._chunk and not queue.items
        if is_dry:
            self._waiting_since = now
        if is_dry and len(pcm) <= queue.piece:
            self._say(pcm, now)
        else:
            queue.add(pcm)
            self._note_peak(queue.size)
            self.pump(now)
            self._line.wait()
        return True

    def _say(self, pcm: bytes, now: float) -> None:
        """A frame that nothing waits before need not be queued."""
        if len(pcm) > self._peak:
            self._note_peak(len(pcm))
        codec = self._line.codec
        chunk = self._encoded + codec.encode(pcm)
        if len(chunk) == self._chunk and self._may_send(now):
            self._encoded = b""
            self._emit(chunk, now)
        else:
            self._encoded = chunk
            self.pump(now)
        if self._encoded or codec.has_tail:
            self._line.wait()

    def cram(self, pcm: bytes, now: float) -> None:
        """Take what there is room for of audio that finds none; the rest is dropped and counted."""
        room = self._queue.room & ~1
        lost = self._queue.milliseconds(len(pcm) - room)
        self._line.counters.unsent_ms["queue full"] += lost
        self.offer(pcm[:room], now)

    def mark(self, on_end: Callable[[MarkEnd], None], now: float) -> None:
        """Put a mark behind what is queued; it ends the utterance."""
        due = now + self.seconds + self._pace.ahead(now)
        deadline = due + self._lead.seconds + MARK_SECONDS
        self._queue.add_mark(self._marks.add(deadline, on_end))
        self.pump(now)

    def flush(self, now: float) -> None:
        """Say that the utterance ends here."""
        self._queue.add_mark(None)
        self.pump(now)

    def reported(self, wire: str) -> bool:
        """The carrier says that a mark was reached; False when it is none that counts."""
        return self._marks.reported(wire)

    def retune(self, rate: int | None) -> None:
        """PCM comes at another rate from now on; nothing may be queued."""
        self._line.codec.retune(rate)
        self._queue = Queue(self._line.codec.rate)
        self._peak = 0

    def clear(self, now: float) -> None:
        """Barge-in: nothing queued until now is sent any more, and the carrier forgets what it has."""
        self._drop("cleared")
        message = self._line.protocol.clear()
        if message is not None:
            self._line.send(message)
            self._pace.emptied(now)
            if self._line.tap is not None:
                self._line.tap.cleared(now)
        self._marks.end_all(MarkEnd.CLEARED)

    def end(self) -> None:
        """The stream is gone, and with it all that was not sent."""
        self._drop("stream ended")
        self._marks.end_all(MarkEnd.UNKNOWN)

    def _drop(self, reason: str) -> None:
        """Forget what was not sent, and count it."""
        lost = round(self.seconds * 1000)
        if lost:
            self._line.counters.unsent_ms[reason] += lost
        self._queue.clear()
        self._encoded = b""
        self._line.codec.reset_outgoing()
        self._is_speaking = self._is_ending = False

    def full(self, now: float) -> None:
        """The carrier's buffer is full: pause."""
        self._full_until = now + FULL_SECONDS

    def ready(self, now: float) -> None:
        """The carrier's buffer has room again."""
        self._full_until = 0.0
        self.pump(now)

    def tick(self, now: float) -> None:
        """What the passing of time alone brings: the next chunks, the end of an utterance, marks."""
        if self._queue.items or self._encoded or self._line.codec.has_tail:
            self.pump(now)
            if self._is_idle(now):
                self.flush(now)
        if self._marks:
            self._line.counters.marks_unknown += self._marks.tick(now)

    def pump(self, now: float) -> None:
        """Send every chunk that is whole and due."""
        size = self._chunk
        while self._fill(now) and self._may_send(now):
            chunk, self._encoded = self._encoded[:size], self._encoded[size:]
            self._emit(chunk, now)

    def _may_send(self, now: float) -> bool:
        return now >= self._full_until and self._pace.has_room(now, self._chunk, self._lead.seconds)

    def _fill(self, now: float) -> bool:
        """Encode until a chunk is whole; False when there is nothing more to encode."""
        while len(self._encoded) < self._chunk:
            if not self._queue.items:
                return False
            self._take(self._queue.take(), now)
        return True

    def _take(self, item: bytes | Mark | None, now: float) -> None:
        if isinstance(item, bytes):
            self._encoded += self._line.codec.encode(item)
            return
        self._end_utterance()
        if self._encoded:
            self._queue.put_back(item)
        elif item is not None:
            self._send_mark(item)

    def _end_utterance(self) -> None:
        """Fill the last chunk up with silence; what the resampler holds comes before it."""
        codec = self._line.codec
        self._encoded += codec.drain()
        missing = -len(self._encoded) % self._chunk
        if missing:
            self._line.counters.padded += 1
            self._encoded += codec.silence * (missing // len(codec.silence))
        self._is_ending = bool(self._encoded)
        self._is_speaking = self._is_speaking and self._is_ending

    def _send_mark(self, mark: Mark) -> None:
        message = self._line.protocol.mark(mark.wire)
        mark.is_sent = True
        if message is None:
            mark.heard_at = self._pace.dry_at
        else:
            self._line.send(message)

    def _emit(self, chunk: bytes, now: float) -> None:
        line, counters, pace = self._line, self._line.counters, self._pace
        if not self._is_speaking:
            self._is_speaking = True
        elif now > pace.dry_at + JITTER_SECONDS:
            self._judge_lateness(now - pace.dry_at, now)
        if line.tap is not None:
            line.tap.agent(chunk, max(now, pace.dry_at))
        pace.sent(now, len(chunk))
        counters.frames_out += 1
        if counters.first_out is None:
            counters.first_out = now
        if self._is_ending and not self._encoded:
            self._is_speaking = self._is_ending = False
        line.send(line.protocol.play(chunk))

    def _judge_lateness(self, late: float, now: float) -> None:
        if late > PAUSE_SECONDS:
            return
        if self._waiting_since > self._pace.dry_at:
            self._line.counters.starved += 1
            return
        self._line.counters.underruns += 1
        if self._lead.underrun(now):
            self._line.counters.lead_raised += 1
            self._line.fact("lead-raised", {"ms": round(self._lead.seconds * 1000)})

    def _is_idle(self, now: float) -> bool:
        waiting = self._encoded or self._line.codec.has_tail
        if self._queue.items or not waiting or len(self._encoded) >= self._chunk:
            return False
        return now - self._came_at >= IDLE_SECONDS and self._pace.ahead(now) <= IDLE_SECONDS

    def _note_peak(self, size: int) -> None:
        if size > self._peak:
            self._peak = size
            self._line.counters.queue_peak_ms = self._queue.milliseconds(size)
