"""One media stream of a call, without I/O: messages in, messages out, driven by calls and one shared clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import structlog

from linecard.events import (
    BufferCleared,
    DigitReceived,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    PeerFull,
    PeerReady,
    StreamEvent,
    StreamFailed,
    StreamStopped,
)
from linecard.media.counters import Counters
from linecard.media.incoming import ENHANCER_FAILED, Incoming
from linecard.media.listener import Nobody, StreamListener
from linecard.media.marks import MarkEnd
from linecard.media.outgoing import Line, Outgoing
from linecard.media.ticker import Tick

if TYPE_CHECKING:
    from linecard.carrier import StreamProtocol
    from linecard.clock import Clock
    from linecard.enhancing.offers import Enhancer
    from linecard.media.codec import Codec
    from linecard.media.formats import StreamProfile
    from linecard.media.tap import StreamTap

log = structlog.get_logger()

Send = Callable[[str | bytes], None]
Shut = Callable[[str], None]


def _leave_it(_tick: Tick) -> None:
    """Of a session whose owner ticks it all the time."""


class StreamSession:
    """One stream, from its opening message to the socket's end.

    `send` takes a message for the carrier and must not block; `shut` closes the socket, once. The
    owner of the socket calls `receive` for each message and `lost` when it has closed; a `Ticker`
    calls `tick`, for which `rouse` is asked whenever something waits for time to pass. Nothing that the carrier sends raises or ends the stream, but its own stop.
    """

    __slots__ = (
        "_in",
        "_is_roused",
        "_is_starved_of_room",
        "_line",
        "_listener",
        "_now",
        "_out",
        "_protocol",
        "_rouse",
        "_send_message",
        "_shut",
        "_tap",
        "counters",
        "is_open",
        "rate",
    )

    def __init__(
        self,
        *,
        profile: StreamProfile,
        protocol: StreamProtocol,
        codec: Codec,
        send: Send,
        shut: Shut,
        clock: Clock,
        tap: StreamTap | None = None,
        rouse: Callable[[Tick], None] = _leave_it,
    ) -> None:
        self.counters = Counters(began=clock.now())
        self.rate = codec.rate
        self.is_open = True
        self._protocol = protocol
        self._send_message = send
        self._shut = shut
        self._now = clock.now
        self._tap = tap
        self._is_starved_of_room = False
        self._rouse = rouse
        self._is_roused = False
        self._listener: StreamListener = Nobody()
        self._line = line = Line(
            profile=profile,
            protocol=protocol,
            codec=codec,
            counters=self.counters,
            send=self._send,
            wait=self._wait,
            fact=self._fact,
            tap=tap,
        )
        self._out = Outgoing(line)
        self._in = Incoming(line)
        if tap is not None:
            self._wait()

    def listen(self, listener: StreamListener) -> None:
        """Tell `listener` from now on what happens on the stream."""
        self._listener = self._in.listener = listener

    def enhance(self, by: str, enhancer: Enhancer, started_in_ms: float) -> None:
        """Have the caller's audio enhanced from now on; the enhancer is the session's to close.

        The first message that went through it is told of. Raises whatever an unwanted one's `close` does.
        """
        if not self.is_open:
            enhancer.close()
            return
        self._in.enhance(by, enhancer, started_in_ms)

    def not_enhanced(self, by: str, reason: str) -> None:
        """The enhancer that was asked for is not to be had; the audio stays as it comes."""
        if self.is_open:
            self._fact(ENHANCER_FAILED, {"by": by, "reason": reason})

    def retune(self, rate: int | None) -> None:
        """Another agent, at a rate of its own, has the stream from now on; what is queued is dropped."""
        self.clear()
        self._out.retune(rate)
        self._in.follow()
        self.rate = self._line.codec.rate

    def receive(self, message: str | bytes) -> None:
        """A message of the carrier."""
        try:
            events = self._protocol.receive(message)
        except Exception:
            if not self.counters.dropped["the reader failed"]:
                log.exception("the provider's stream reader failed on a message")
            self.counters.drop("the reader failed")
            return
        if len(events) == 1 and type(events[0]) is MediaReceived and self.is_open:
            self._in.media(events[0], self._now())  # nearly every message
        else:
            self.take(events)

    def take(self, events: Sequence[StreamEvent]) -> None:
        """What a message meant. A second opening message is out of place and counted.

        What was on its way when the stream ended is nothing that was lost.
        """
        for event in events:
            if not self.is_open:
                return
            reader = self._READERS.get(type(event))
            if reader is None:
                self.counters.drop(f"{type(event).__name__} out of place")
            else:
                reader(self, event)

    def tick(self, now: float) -> bool:
        """What the passing of time brings; whether more of it will bring anything."""
        if not self.is_open:
            return False
        self._out.tick(now)
        if self._is_starved_of_room:
            self._is_starved_of_room = False
            self._listener.on_room()
        if self._tap is not None:
            self._tap.advance(now)
        self._is_roused = self._out.is_waiting or self._tap is not None
        return self._is_roused

    def _wait(self) -> None:
        """Something waits for time to pass."""
        if not self._is_roused:
            self._is_roused = True
            self._rouse(self.tick)

    def offer(self, pcm: bytes) -> bool:
        """Play audio after what is queued: int16 little-endian mono at `rate`, in any chunking.

        False, and nothing taken, when 30 s are waiting already; `on_room` tells when to try again.
        """
        taken = self.is_open and self._out.offer(pcm, self._now())
        self._is_starved_of_room = not taken
        return taken

    def queue(self, pcm: bytes) -> None:
        """Play audio after what is queued; what finds no room is dropped and counted."""
        if self.is_open:
            now = self._now()
            if not self._out.offer(pcm, now):
                self._out.cram(pcm, now)

    def flush(self) -> None:
        """Say that the utterance ends here: its last chunk is filled up with silence and goes out."""
        if self.is_open:
            self._out.flush(self._now())
            self._wait()

    def mark(self, on_end: Callable[[MarkEnd], None]) -> None:
        """Call `on_end`, once, when the caller has heard what is queued, or will not hear it."""
        if self.is_open:
            self._out.mark(on_end, self._now())
            self._wait()
        else:
            on_end(MarkEnd.UNKNOWN)

    def clear(self) -> None:
        """Barge-in: the caller hears nothing more of what was queued. Marks on their way are cleared."""
        if self.is_open:
            self._out.clear(self._now())

    def press(self, keys: str) -> bool:
        """Press keys toward the caller by a message; False where the socket has none, and nothing is done."""
        message = self._protocol.send_digits(keys)
        if message is not None:
            self._send(message)
        return message is not None

    def close(self, reason: str) -> None:
        """End the stream from our side and close the socket; what was not sent is forgotten."""
        if self.is_open:
            self.is_open = False
            self._shut(reason)
            self._end(reason)

    def lost(self, reason: str) -> None:
        """The socket has closed."""
        if self.is_open:
            self.is_open = False
            self._end(reason)

    def _end(self, reason: str) -> None:
        self._out.end()
        self._in.end()
        self._listener.on_lost(reason)

    def _send(self, message: str | bytes) -> None:
        if not self.is_open:
            return
        try:
            self._send_message(message)
        except Exception as error:
            log.exception("a message could not be sent; the stream is over")
            self.close(f"sending failed: {error}")

    def _fact(self, name: str, facts: dict[str, object]) -> None:
        self._listener.on_fact(name, facts)

    def _media(self, event: MediaReceived) -> None:
        self._in.media(event, self._now())

    def _digit(self, event: DigitReceived) -> None:
        self._in.digit(event, self._now())

    def _mark_played(self, event: MarkPlayed) -> None:
        if not self._out.reported(event.name):
            self.counters.drop("stale mark")

    def _message_dropped(self, event: MessageDropped) -> None:
        self.counters.drop(event.reason)

    def _buffer_cleared(self, _event: BufferCleared) -> None:
        """What our own clear brings about; nothing follows from it."""

    def _peer_full(self, _event: PeerFull) -> None:
        self._out.full(self._now())

    def _peer_ready(self, _event: PeerReady) -> None:
        self._out.ready(self._now())

    def _failed(self, event: StreamFailed) -> None:
        self._fact("stream-fault", {"reason": event.reason})

    def _stopped(self, event: StreamStopped) -> None:
        self.close(event.reason or "stopped by the carrier")

    _READERS: ClassVar[Mapping[type[StreamEvent], Callable[[Any, Any], None]]] = MappingProxyType(
        {
            MediaReceived: _media,
            DigitReceived: _digit,
            MarkPlayed: _mark_played,
            MessageDropped: _message_dropped,
            BufferCleared: _buffer_cleared,
            PeerFull: _peer_full,
            PeerReady: _peer_ready,
            StreamFailed: _failed,
            StreamStopped: _stopped,
        }
    )
