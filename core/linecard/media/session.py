"""One stream: the carrier's messages in, audio and digits out, both ways. No I/O of its own.

Driven from outside: `receive` for each message, `tick` by the clock that all streams share, `send`
and `hang_up_socket` are handed in. Nothing that a peer sends raises or closes anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from linecard.events import (
    DigitReceived,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    PeerFull,
    PeerReady,
    StreamEvent,
    StreamFailed,
    StreamStarted,
)
from linecard.media.codec import Codec
from linecard.media.counters import Counters
from linecard.media.marks import MarkEnd, Marks
from linecard.media.outgoing import Mark, Outgoing
from linecard.media.tones import tones

if TYPE_CHECKING:
    from linecard.carrier import Enhancer, StreamProtocol
    from linecard.clock import Clock
    from linecard.media.formats import StreamProfile
    from linecard.media.tap import Tap

log = structlog.get_logger()

Message = str | bytes


class Listener(Protocol):
    """Who hears what a stream brings; none of these may wait."""

    def on_audio(self, pcm: bytes) -> None:
        """The caller's audio at the agent's rate."""

    def on_digit(self, digit: str) -> None:
        """A key."""

    def on_mark(self, name: str, end: MarkEnd) -> None:
        """A mark's end."""


class StreamSession:
    """The two-way audio of one socket. `send` and `close_socket` must not wait."""

    def __init__(
        self,
        profile: StreamProfile,
        protocol: StreamProtocol,
        codec: Codec,
        clock: Clock,
        send: Callable[[Message], None],
        close_socket: Callable[[str], None],
    ) -> None:
        self.profile = profile
        self.codec = codec
        self.counters = Counters()
        self.enhancer: Enhancer | None = None
        self.tap: Tap | None = None
        self.listener: Listener | None = None
        self.closed: str | None = None
        self._protocol = protocol
        self._clock = clock
        self._send = send
        self._close_socket = close_socket
        self._outgoing = Outgoing(profile)
        self._marks = Marks()
        self._room = asyncio.Event()
        self._room.set()
        self._paused = False
        self._sequence: int | None = None
        self._take: Mapping[type[StreamEvent], Callable[[Any], None]] = {
            MediaReceived: self._media,
            DigitReceived: self._digit,
            MarkPlayed: self._mark_played,
            PeerFull: self._peer_full,
            PeerReady: self._peer_ready,
            MessageDropped: self._dropped,
            StreamFailed: self._failed,
            StreamStarted: self._second_start,
        }

    @property
    def has_room(self) -> bool:
        """Whether more audio may be queued."""
        return self._outgoing.has_room

    @property
    def unheard_seconds(self) -> float:
        """Seconds until all that was accepted has been played."""
        return self._outgoing.unheard(self._clock.now())

    def receive(self, message: Message) -> None:
        """Take one message of the carrier."""
        for event in self._protocol.receive(message):
            self.take(event)

    def take(self, event: StreamEvent) -> None:
        """Take one event that has been read already."""
        take = self._take.get(type(event))
        if take is not None:
            take(event)

    def queue(self, pcm: bytes) -> None:
        """Queue the agent's audio (int16 at the codec's rate), and send what is due."""
        if self.closed is None:
            now = self._clock.now()
            self._outgoing.put(self.codec.encode(pcm), now)
            self.counters.longest_queue = max(
                self.counters.longest_queue, int(self._outgoing.seconds * 1000)
            )
            self.tick(now)

    async def room(self) -> None:
        """Wait until more audio may be queued, or the stream is over."""
        while not self.has_room and self.closed is None:
            self._room.clear()
            await self._room.wait()

    def mark(self, name: str) -> None:
        """Ask when all that was queued so far has been heard."""
        if self.closed is not None:
            self._tell_mark(name, MarkEnd.UNKNOWN)
            return
        self._marks.add(name)
        self._outgoing.mark(name)
        self.tick(self._clock.now())

    def clear(self) -> None:
        """Silence at once: nothing older is sent, the carrier's buffer is emptied, marks end as cleared."""
        now = self._clock.now()
        self._outgoing.clear(now)
        if self.tap:
            self.tap.clear(now)
        message = self._protocol.clear()
        if message is not None and self.closed is None:
            self._send(message)
        for name in self._marks.clear():
            self._tell_mark(name, MarkEnd.CLEARED)
        self._room.set()

    def send_digits(self, digits: str) -> str:
        """Press keys toward the far end: on the socket, else as tones. Returns which."""
        message = self._protocol.send_digits(digits)
        if message is not None:
            self._send(message)
            return "socket"
        self.queue(tones(digits, self.codec.rate))
        return "tones"

    def tick(self, now: float) -> None:
        """Send what is due, and end marks whose time is over."""
        if self.closed is not None:
            return
        if not self._paused:
            for item in self._outgoing.due(now):
                self._put(item, now)
        self.counters.underruns = self._outgoing.underruns
        for name, end in self._marks.expired(now):
            self._tell_mark(name, end)
        if self.has_room:
            self._room.set()
        if self.tap:
            self.tap.write(now)

    def close(self, reason: str) -> None:
        """End the stream from our side; what is queued is dropped."""
        if self.closed is None:
            self.lost(reason)
            self._close_socket(reason)

    def lost(self, reason: str) -> None:
        """The stream is over: the socket is gone."""
        if self.closed is not None:
            return
        self.closed = reason
        self._room.set()
        for name in self._marks.clear():
            self._tell_mark(name, MarkEnd.UNKNOWN)
        if self.enhancer:
            self.enhancer.close()

    def _put(self, item: bytes | Mark, now: float) -> None:
        if isinstance(item, bytes):
            self.counters.frames_out += 1
            if self.tap:
                self.tap.agent(item, self._outgoing.starts_at)
            self._send(self._protocol.play(item))
            return
        message = self._protocol.mark(item.name)
        due = now + self._outgoing.playing(now)
        if message is None:
            self._marks.by_clock(item.name, due)
        else:
            self._marks.sent(item.name, due)
            self._send(message)

    def _tell_mark(self, name: str, end: MarkEnd) -> None:
        if self.listener:
            self.listener.on_mark(name, end)

    def _media(self, event: MediaReceived) -> None:
        self.counters.frames_in += 1
        self._count_gap(event.sequence)
        pcm = self.codec.pcm(event.payload)
        if self.tap:
            self.tap.caller(pcm, self._clock.now())
        if self.enhancer:
            pcm = self.enhancer.process(pcm)
        if self.listener:
            self.listener.on_audio(self.codec.heard(pcm))

    def _count_gap(self, sequence: int | None) -> None:
        if sequence is not None and self._sequence is not None and sequence != self._sequence + 1:
            self.counters.gaps += 1
        self._sequence = sequence

    def _digit(self, event: DigitReceived) -> None:
        if self.listener:
            self.listener.on_digit(event.digit)

    def _mark_played(self, event: MarkPlayed) -> None:
        if self._marks.played(event.name):
            self._tell_mark(event.name, MarkEnd.HEARD)
        else:
            self.counters.dropped["stale mark"] += 1

    def _peer_full(self, _event: PeerFull) -> None:
        self._paused = True

    def _peer_ready(self, _event: PeerReady) -> None:
        self._paused = False

    def _dropped(self, event: MessageDropped) -> None:
        self.counters.dropped[event.reason] += 1

    def _failed(self, event: StreamFailed) -> None:
        log.warning("the carrier reports a fault on the stream", reason=event.reason)
        self.counters.dropped[f"fault: {event.reason}"] += 1

    def _second_start(self, _event: StreamStarted) -> None:
        self.counters.dropped["second start"] += 1
