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
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamProfile,
    same_both_ways,
)
from linecard.clock import Clock
from linecard.media.codec import Codec
from linecard.media.marks import MarkEnd
from linecard.media.session import StreamSession

L16 = same_both_ways(AudioFormat(Encoding.L16, 8000))
PCMU = same_both_ways(AudioFormat(Encoding.PCMU, 8000))
FRAME = 320


def profile(line: object = L16, lead_ms: int = 400, smallest: int = 0) -> StreamProfile:
    """A profile of 20 ms frames."""
    return StreamProfile(
        name="test",
        format=line,
        chunk=ChunkRule(320, smallest, 16_000),
        lead_ms=lead_ms,  # type: ignore[arg-type]
    )


class HandClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 100.0

    def now(self) -> float:
        return self.moment


@dataclass
class Wire:
    """A protocol of JSON messages."""

    has_marks: bool = True
    has_digits: bool = True

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        try:
            kind, value = json.loads(message)
        except ValueError:
            return [MessageDropped("not JSON")]
        if kind == "media":
            return [MediaReceived(base64.b64decode(value))]
        return [DigitReceived(value) if kind == "digit" else MarkPlayed(value)]

    def play(self, audio: bytes) -> str:
        return json.dumps(["play", base64.b64encode(audio).decode()])

    def clear(self) -> str:
        return json.dumps(["clear"])

    def mark(self, name: str) -> str | None:
        return json.dumps(["mark", name]) if self.has_marks else None

    def send_digits(self, digits: str) -> str | None:
        return json.dumps(["digits", digits]) if self.has_digits else None


def media(payload: bytes) -> str:
    """The caller's audio as the carrier sends it."""
    return json.dumps(["media", base64.b64encode(payload).decode()])


@dataclass
class Ear:
    """Hears what a session says."""

    audio: bytearray = field(default_factory=bytearray)
    digits: list[str] = field(default_factory=list)
    marks: list[tuple[str, MarkEnd]] = field(default_factory=list)

    def on_audio(self, pcm: bytes) -> None:
        self.audio += pcm

    def on_digit(self, digit: str) -> None:
        self.digits.append(digit)

    def on_mark(self, name: str, end: MarkEnd) -> None:
        self.marks.append((name, end))


@dataclass
class Line:
    """A session with its clock, its ear and its far end."""

    chosen: StreamProfile = field(default_factory=profile)
    wire: Wire = field(default_factory=Wire)
    rate: int | None = None
    clock: HandClock = field(default_factory=HandClock)
    ear: Ear = field(default_factory=Ear)
    sent: list[list[str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = StreamSession(
            self.chosen,
            self.wire,
            Codec(self.chosen.format, self.rate),
            self.clock,
            lambda message: self.sent.append(json.loads(message)),
            self.closed.append,
        )
        self.session.listener = self.ear

    def run(self, seconds: float) -> None:
        """Let time pass, with a turn every 20 ms."""
        for _ in range(round(seconds / 0.02)):
            self.clock.moment += 0.02
            self.session.tick(self.clock.now())

    def frames(self) -> list[bytes]:
        """The audio messages sent so far."""
        return [base64.b64decode(value[0]) for kind, *value in self.sent if kind == "play"]

    def kinds(self) -> list[str]:
        """What was sent, by kind."""
        return [message[0] for message in self.sent]
