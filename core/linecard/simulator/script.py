"""What a person at a simulated phone does: steps of a script, acted out in frames of 20 ms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from linecard.simulator.sound import FRAME_SECONDS, SILENCE, frames, level, read_wav

HUMAN_LEVEL = -50.0


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
        ...


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
