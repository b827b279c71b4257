"""What happened in a call, as it is told: who did what to whom, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from linecard.clock import Clock


class Who(StrEnum):
    """The lanes of a story, from left to right."""

    CUSTOMER = "customer"
    CARRIER = "carrier"
    LINECARD = "linecard"
    AGENT = "agent"
    HUMAN = "human"


class Tone(StrEnum):
    """What kind of thing a moment is; it decides the colour."""

    PHONE = "phone"
    REQUEST = "request"
    WEBHOOK = "webhook"
    MEDIA = "media"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the story. `at`: seconds of the call's clock since the story began.

    A moment from somebody to themselves is a note.
    """

    at: float
    source: Who
    target: Who
    text: str
    tone: Tone


class Mark(StrEnum):
    """What is marked on the sound."""

    BARGE_IN = "barge-in"
    DIGIT = "digit"
    TRANSFER = "transfer"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark on the time axis."""

    at: float
    kind: Mark
    label: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the call with one name."""

    start: float
    end: float
    label: str


Listener = Callable[[Moment], None]


class Story:
    """The moments of one call in the order in which they were told, and its marks."""

    def __init__(self, clock: Clock) -> None:
        self.moments: list[Moment] = []
        self.marks: list[Marked] = []
        self._clock = clock
        self._start = clock.now()
        self._listeners: list[Listener] = []

    @property
    def now(self) -> float:
        """Seconds since the story began."""
        return self._clock.now() - self._start

    def listen(self, listener: Listener) -> None:
        """Tell `listener` every moment from now on."""
        self._listeners.append(listener)

    def tell(self, source: Who, target: Who, text: str, tone: Tone, *, ago: float = 0.0) -> None:
        """Add a moment that happens now, or happened some seconds `ago`."""
        moment = Moment(max(0.0, self.now - ago), source, target, text, tone)
        self.moments.append(moment)
        for listener in self._listeners:
            listener(moment)

    def mark(self, kind: Mark, label: str) -> None:
        """Mark this moment on the sound."""
        self.marks.append(Marked(self.now, kind, label))
