"""A stream for tests: a protocol of plain JSON, a clock moved by hand, and everything that was sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from linecard import (
    AudioFormat,
    ChunkRule,
    DigitReceived,
    Encoding,
    Enhancer,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    PeerFull,
    PeerReady,
    StreamEvent,
    StreamFailed,
    StreamFormat,
    StreamProfile,
    StreamStarted,
    StreamStopped,
    same_both_ways,
)
from linecard.clock import Clock
from linecard.media.codec import Codec
from linecard.media.marks import MarkEnd
from linecard.media.session import StreamSession
from linecard.media.tap import StreamTap

L16 = same_both_ways(AudioFormat(Encoding.L16, 8000))
PCMU = same_both_ways(AudioFormat(Encoding.PCMU, 8000))
FRAME = 320
START = 100.0
TICK = 0.02


def profile(
    line: StreamFormat = L16, lead_ms: int = 400, chunk: ChunkRule | None = None
) -> StreamProfile:
    """A profile of 20 ms frames."""
    rule = chunk or ChunkRule(line.outbound.sample_bytes, line.outbound.sample_bytes, 16_000)
    return StreamProfile(name="test", format=line, chunk=rule, lead_ms=lead_ms)


class HandClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = START

    def now(self) -> float:
        return self.moment


@dataclass
class Wire:
    """A protocol of JSON messages: `["media", base64]`, `["digit", key]`, `["played", mark]` and so on."""

    has_marks: bool = True
    has_digits: bool = True
    has_clear: bool = True

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        try:
            kind, *rest = json.loads(message)
        except (ValueError, TypeError):
            return [MessageDropped("not JSON")]
        if kind == "media":
            sequence = rest[1] if len(rest) > 1 else None
            return [MediaReceived(base64.b64decode(rest[0]), sequence)]
        known: dict[str, StreamEvent] = {
            "full": PeerFull(),
            "ready": PeerReady(),
            "stop": StreamStopped("as told"),
            "fault": StreamFailed("a fault"),
            "start": StreamStarted("s", {}, None, None),
        }
        if kind in known:
            return [known[kind]]
        return [DigitReceived(rest[0]) if kind == "digit" else MarkPlayed(rest[0])]

    def play(self, audio: bytes) -> str:
        return json.dumps(["play", base64.b64encode(audio).decode()])

    def clear(self) -> str | None:
        return json.dumps(["clear"]) if self.has_clear else None

    def mark(self, name: str) -> str | None:
        return json.dumps(["mark", name]) if self.has_marks else None

    def send_digits(self, digits: str) -> str | None:
        return json.dumps(["digits", digits]) if self.has_digits else None


def media(payload: bytes, sequence: int | None = None) -> str:
    """The caller's audio as the carrier sends it."""
    return json.dumps(["media", base64.b64encode(payload).decode(), sequence])


@dataclass
class Ear:
    """Hears what a session says."""

    audio: bytearray = field(default_factory=bytearray)
    original: bytearray = field(default_factory=bytearray)
    digits: list[str] = field(default_factory=list)
    facts: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    rooms: int = 0
    silences: list[int] = field(default_factory=list)

    def on_audio(self, pcm: bytes) -> None:
        self.audio += pcm

    def on_enhanced(self, pcm: bytes, original: bytes) -> None:
        self.audio += pcm
        self.original += original

    def on_digit(self, digit: str) -> None:
        self.digits.append(digit)

    def on_silence(self, seconds: int) -> None:
        self.silences.append(seconds)

    def on_room(self) -> None:
        self.rooms += 1

    def on_fact(self, name: str, facts: dict[str, object]) -> None:
        self.facts.append((name, facts))

    def on_lost(self, reason: str) -> None:
        self.lost.append(reason)


@dataclass
class Line:
    """A session with its clock, its ear, and the far end's record of what came when."""

    chosen: StreamProfile = field(default_factory=profile)
    wire: Wire = field(default_factory=Wire)
    rate: int | None = None
    clock: HandClock = field(default_factory=HandClock)
    ear: Ear = field(default_factory=Ear)
    enhancer: Enhancer | None = None
    tap: StreamTap | None = None
    sent: list[tuple[float, list[str]]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    ends: list[tuple[str, MarkEnd]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = StreamSession(
            profile=self.chosen,
            protocol=self.wire,
            codec=Codec(self.chosen.format, self.rate),
            send=self._send,
            shut=self.closed.append,
            clock=self.clock,
            tap=self.tap,
        )
        self.session.listen(self.ear)
        if self.enhancer is not None:
            self.session.enhance("cleaner", self.enhancer, 1.23)

    def _send(self, message: str | bytes) -> None:
        self.sent.append((self.clock.now(), json.loads(message)))

    def run(self, seconds: float) -> None:
        """Let time pass, with a turn every 20 ms."""
        for _ in range(round(seconds / TICK)):
            self.clock.moment += TICK
            self.session.tick(self.clock.now())

    def mark(self, name: str) -> None:
        """A mark whose end is kept in `ends`."""
        self.session.mark(lambda end: self.ends.append((name, end)))

    def frames(self) -> list[bytes]:
        """The audio messages sent so far."""
        return [base64.b64decode(said[1]) for _, said in self.sent if said[0] == "play"]

    def kinds(self) -> list[str]:
        """What was sent, by kind."""
        return [said[0] for _, said in self.sent]

    def wires(self) -> list[str]:
        """The names of the marks sent so far."""
        return [said[1] for _, said in self.sent if said[0] == "mark"]

    def answer(self, wire: str) -> None:
        """The carrier says that it has played up to a mark."""
        self.session.receive(json.dumps(["played", wire]))
