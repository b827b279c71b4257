"""Simulated phones: what they do when called, and what a person at them says, hears and presses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from linecard.simulator.sound import FRAME_SECONDS, QUIET, SILENCE, frames, level, read_wav
from linecard.simulator.speech import beep, speech

HUMAN_LEVEL = -50.0


class Outcome(StrEnum):
    """How a phone takes a call."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    REJECT = "reject"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Act:
    """What a person does during one frame."""

    sound: bytes = SILENCE
    digit: str | None = None
    hangs_up: bool = False


class Ear(Protocol):
    """What a person at a phone can hear: the last frame; `gave_up` takes what was waited for in vain."""

    last_heard: bytes
    gave_up: list[str]


class Step(Protocol):
    """One step of a script: an act for each frame, until it is over."""

    def acts(self, ear: Ear) -> Iterator[Act]:
        """The acts, one for each 20 ms."""


def count(seconds: float) -> int:
    """How many frames some seconds are."""
    return round(seconds / FRAME_SECONDS)


@dataclass(frozen=True, slots=True)
class Wait:
    """Say nothing for some seconds."""

    seconds: float

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Silence."""
        for _ in range(count(self.seconds)):
            yield Act()


@dataclass(frozen=True, slots=True)
class Speak:
    """Say a sound: 8 kHz 16-bit PCM, or the path of a WAV file, which is read at once."""

    sound: bytes | str | Path

    def __post_init__(self) -> None:
        if not isinstance(self.sound, bytes):
            object.__setattr__(self, "sound", read_wav(self.sound))

    def acts(self, ear: Ear) -> Iterator[Act]:
        """The sound, its last frame filled up with silence."""
        pcm = self.sound if isinstance(self.sound, bytes) else read_wav(self.sound)
        for frame in frames(pcm):
            yield Act(frame)


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys: one every 0.2 s."""

    digits: str
    gap_seconds: float = 0.2

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Each key in silence: the network carries it beside the sound."""
        for digit in self.digits:
            yield Act(digit=digit)
            for _ in range(count(self.gap_seconds) - 1):
                yield Act()


@dataclass(frozen=True, slots=True)
class WaitForSound:
    """Listen until something as loud as `level` (dB below full scale) has been heard for `seconds`."""

    level: float = HUMAN_LEVEL
    seconds: float = 0.06
    patience: float = 30.0

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Silence; out of patience, it goes on and says so in `gave_up`."""
        return _until(self, ear, self.seconds, self.patience)

    def fits(self, loudness: float) -> bool:
        """Whether a frame of this loudness is what is waited for."""
        return loudness >= self.level


@dataclass(frozen=True, slots=True)
class WaitForSilence:
    """Listen until nothing as loud as `level` (dB below full scale) has been heard for `seconds`."""

    seconds: float = 0.6
    level: float = HUMAN_LEVEL
    patience: float = 60.0

    def acts(self, ear: Ear) -> Iterator[Act]:
        """Silence; out of patience, it goes on and says so in `gave_up`."""
        return _until(self, ear, self.seconds, self.patience)

    def fits(self, loudness: float) -> bool:
        """Whether a frame of this loudness is what is waited for."""
        return loudness < self.level


def _until(
    step: WaitForSound | WaitForSilence, ear: Ear, seconds: float, patience: float
) -> Iterator[Act]:
    in_a_row = 0
    for _ in range(count(patience)):
        yield Act()
        in_a_row = in_a_row + 1 if step.fits(level(ear.last_heard)) else 0
        if in_a_row >= count(seconds):
            return
    ear.gave_up.append(repr(step))


@dataclass(frozen=True, slots=True)
class Echo:
    """Say back what was heard a frame ago, for some seconds."""

    seconds: float

    def acts(self, ear: Ear) -> Iterator[Act]:
        """The last frame heard."""
        for _ in range(count(self.seconds)):
            yield Act(ear.last_heard)


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    def acts(self, ear: Ear) -> Iterator[Act]:
        """The one act."""
        yield Act(hangs_up=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone and the person at it.

    `ring_seconds`: how long it rings before its outcome. `script` runs from the answer; after it the
    person stays and listens, or hangs up where `hangs_up` is set. `hang_up_after` (seconds from the
    answer) ends it whatever the script does. `is_machine`: a voicemail. `code`: a carrier's own code
    for the outcome `fail`.
    """

    outcome: Outcome = Outcome.ANSWER
    ring_seconds: float = 1.0
    script: tuple[Step, ...] = ()
    hangs_up: bool = False
    hang_up_after: float | None = None
    is_machine: bool = False
    code: str | None = None


BUSY = Phone(outcome=Outcome.BUSY, ring_seconds=0.3)
NO_ANSWER = Phone(outcome=Outcome.NO_ANSWER)
REJECTS = Phone(outcome=Outcome.REJECT)
SILENT = Phone()


def says(text: str, *, ring_seconds: float = 1.0) -> Phone:
    """Somebody who lets the other side speak first, says one thing, and stays."""
    script = (WaitForSound(), WaitForSilence(), Speak(speech(text)))
    return Phone(ring_seconds=ring_seconds, script=script)


def human(text: str, *, ring_seconds: float = 2.0, talk_seconds: float = 3.0) -> Phone:
    """Somebody to transfer to: answers, says who they are, listens a while and hangs up."""
    script = (Speak(speech(text)), Wait(talk_seconds))
    return Phone(ring_seconds=ring_seconds, script=script, hangs_up=True)


def voicemail(text: str, *, ring_seconds: float = 3.0, patience: float = 60.0) -> Phone:
    """A machine: greets, beeps and records for `patience` seconds."""
    script = (Wait(0.3), Speak(speech(text)), Wait(0.3), Speak(beep()), Wait(patience))
    return Phone(ring_seconds=ring_seconds, script=script, hangs_up=True, is_machine=True)


def cut_short(phone: Phone, seconds: float) -> Phone:
    """The same phone, hung up some seconds after the answer."""
    return replace(phone, hang_up_after=seconds)


@dataclass(slots=True, eq=False)
class Handset:
    """One call at a phone. `said` and `heard` are sound since the answer, sample for sample alike.

    `pressed` and `digits_heard` are keys with the sample at which they came.
    """

    number: str
    phone: Phone
    said: bytearray = field(default_factory=bytearray)
    heard: bytearray = field(default_factory=bytearray)
    pressed: list[tuple[int, str]] = field(default_factory=list)
    digits_heard: list[tuple[int, str]] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    last_heard: bytes = SILENCE
    _acts: Iterator[Act] | None = None

    @property
    def position(self) -> int:
        """Samples since the answer."""
        return len(self.said) // 2

    def speak(self) -> Act:
        """What the person does in the next frame."""
        if self._acts is None:
            self._acts = self._script()
        act = Act(hangs_up=True) if self._is_out_of_time() else next(self._acts)
        if act.digit:
            self.pressed.append((self.position, act.digit))
        self.said += act.sound
        return act

    def hear(self, frame: bytes) -> None:
        """Hear a frame."""
        self.heard += frame
        self.last_heard = frame

    def hear_digits(self, digits: str) -> None:
        """Hear keys that the other side pressed."""
        self.digits_heard += [(self.position, digit) for digit in digits]

    def _is_out_of_time(self) -> bool:
        limit = self.phone.hang_up_after
        return limit is not None and self.position >= limit * 8000

    def _script(self) -> Iterator[Act]:
        for step in self.phone.script:
            yield from step.acts(self)
        if self.phone.hangs_up:
            yield Act(hangs_up=True)
        while True:
            yield Act()


__all__ = [
    "BUSY",
    "NO_ANSWER",
    "QUIET",
    "REJECTS",
    "SILENT",
    "Act",
    "Ear",
    "Echo",
    "Handset",
    "HangUp",
    "Outcome",
    "Phone",
    "Press",
    "Speak",
    "Step",
    "Wait",
    "WaitForSilence",
    "WaitForSound",
    "cut_short",
    "human",
    "says",
    "voicemail",
]
