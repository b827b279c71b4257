"""Live lines: every 20 ms each phone speaks, then each hears what the carrier gives it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from linecard.clock import Clock
from linecard.simulator.handset import Handset
from linecard.simulator.sound import FRAME_BYTES, FRAME_SECONDS, SILENCE, mix
from linecard.tasks import Tasks


class Source(Protocol):
    """Something a phone can hear."""

    def frame(self) -> bytes:
        """The next 20 ms."""
        ...


class Tap(Protocol):
    """Something that listens to a line."""

    def take(self, said: bytes, heard: bytes) -> None:
        """One frame of what the phone said, and of what it heard."""


class Line:
    """One leg's sound: a handset at one end, what the carrier has connected at the other."""

    def __init__(self, handset: Handset, hung_up: Callable[[], None]) -> None:
        self.handset = handset
        self.said = SILENCE
        self.sources: list[Source] = []
        self.taps: list[Tap] = []
        self.digit_listeners: list[Callable[[str], None]] = []
        self._hung_up = hung_up

    def speak(self) -> None:
        """The phone's part of a frame."""
        act = self.handset.speak()
        self.said = act.sound
        if act.digit:
            for listener in tuple(self.digit_listeners):
                listener(act.digit)
        if act.hangs_up:
            self._hung_up()

    def listen(self) -> None:
        """The carrier's part of a frame."""
        heard = mix([source.frame() for source in tuple(self.sources)])
        self.handset.hear(heard)
        for tap in tuple(self.taps):
            tap.take(self.said, heard)

    def add(self, source: Source) -> None:
        """Let the phone hear a source, mixed with what it hears already."""
        self.sources.append(source)

    def remove(self, source: Source) -> None:
        """Stop a source; safe to repeat."""
        with suppress(ValueError):
            self.sources.remove(source)

    def untap(self, tap: Tap) -> None:
        """Take a listener off; safe to repeat."""
        with suppress(ValueError):
            self.taps.remove(tap)


class Lines:
    """All live lines of a carrier, moved by one loop. `lag` is the most it has been late, in seconds."""

    def __init__(self, clock: Clock, tasks: Tasks) -> None:
        self.lag = 0.0
        self._clock = clock
        self._tasks = tasks
        self._live: dict[Line, None] = {}
        self._is_running = False

    def __len__(self) -> int:
        return len(self._live)

    def open(self, line: Line) -> None:
        """Start a line with the next frame."""
        self._live[line] = None
        if not self._is_running:
            self._is_running = True
            self._tasks.start(self._run(), "the lines")

    def close(self, line: Line) -> None:
        """End a line; safe to repeat."""
        self._live.pop(line, None)

    def tick(self) -> None:
        """One frame of every line: all speak before any hears."""
        live = tuple(self._live)
        for line in live:
            line.speak()
        for line in live:
            if line in self._live:
                line.listen()

    async def _run(self) -> None:
        due = self._clock.now()
        try:
            while self._live:
                due += FRAME_SECONDS
                await self._clock.sleep_until(due)
                self.lag = max(self.lag, self._clock.now() - due)
                self.tick()
        finally:
            self._is_running = False


class Prompt:
    """A sound that the carrier plays, `loops` times; 0 plays it for ever."""

    def __init__(self, pcm: bytes, loops: int = 1, ended: Callable[[], None] | None = None) -> None:
        self._pcm = pcm
        self._left = loops or -1
        self._at = 0
        self._ended = ended

    def frame(self) -> bytes:
        """The next frame; silence once it is over, and `ended` is called once it has been heard."""
        if self._at >= len(self._pcm):
            self._at, self._left = 0, self._left - 1
        if not self._left or not self._pcm:
            self._finish()
            return SILENCE
        frame = self._pcm[self._at : self._at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        self._at += FRAME_BYTES
        return frame

    def _finish(self) -> None:
        self._left = 0
        self._pcm = b""
        ended, self._ended = self._ended, None
        if ended:
            ended()


async def play_sound(line: Line, pcm: bytes, loops: int = 1) -> None:
    """Play a sound to a line until it has been heard; `loops` 0 never ends."""
    heard = asyncio.Event()
    prompt = Prompt(pcm, loops, heard.set)
    line.add(prompt)
    try:
        await heard.wait()
    finally:
        line.remove(prompt)


class Bridge:
    """What the other leg says."""

    def __init__(self, other: Line) -> None:
        self._other = other

    def frame(self) -> bytes:
        """The other leg's frame of this very moment."""
        return self._other.said


class Room:
    """A conference: each member hears all the others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[Line, bool] = {}

    def seat(self, line: Line) -> Source:
        """What a line hears there: all who have joined, but itself."""
        return _Seat(self, line)

    def join(self, line: Line, *, is_muted: bool) -> None:
        """Let the others hear a line, unless it is muted."""
        self.members[line] = is_muted

    def leave(self, line: Line) -> None:
        """Let a line go; safe to repeat."""
        self.members.pop(line, None)

    def heard_by(self, listener: Line) -> bytes:
        """All that is said by members who are not muted, but for the listener; silence outside."""
        if listener not in self.members:
            return SILENCE
        said = [
            line.said
            for line, is_muted in self.members.items()
            if line is not listener and not is_muted
        ]
        return mix(said)


class _Seat:
    def __init__(self, room: Room, line: Line) -> None:
        self._room = room
        self._line = line

    def frame(self) -> bytes:
        return self._room.heard_by(self._line)
