"""Whether what a line carries can be what was declared: speech read in a wrong encoding is noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from linecard.media import g711
from linecard.media.formats import AudioFormat, Encoding
from linecard.media.pcm import byteswap, loudness, roughness

CHECKED_SECONDS = 0.2
MOST_CHECKS = 50
"""Stretches of 200 ms that are looked at before the search for one with sound in it is given up."""
QUIET = 300
LOUD, ROUGH = 12_000, 1.2
"""Speech is not so loud for so long, nor so rough; in a wrong reading it is the one or the other."""
CLEARER = 0.25
"""Another reading is the likely one when its steps from sample to sample are so much quieter."""

CERTAIN, SMOOTH = 0.1, 0.6
"""So much quieter, and as smooth as a voice: then it is no guess any more."""

READINGS: Mapping[str, tuple[Encoding, str, Callable[[bytes], bytes]]] = {
    "L16 little-endian": (Encoding.L16, "little", lambda audio: audio),
    "L16 big-endian": (Encoding.L16, "big", byteswap),
    "PCMU": (Encoding.PCMU, "little", g711.decode_pcmu),
    "PCMA": (Encoding.PCMA, "little", g711.decode_pcma),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is wrong with a line, in a sentence, and what it really carries where that is certain."""

    reason: str
    really: AudioFormat | None


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of the sound."""

    loudness: float
    roughness: float

    @property
    def steps(self) -> float:
        """The loudness of the steps from sample to sample."""
        return self.loudness * self.roughness

    def is_clearer_than(self, other: Look) -> bool:
        """Whether this looks like the right reading of what the other reads wrongly."""
        return self.loudness >= QUIET and self.steps <= CLEARER * other.steps

    def is_voice_beside(self, other: Look) -> bool:
        """Whether this can only be the right reading."""
        return self.steps <= CERTAIN * other.steps and self.roughness <= SMOOTH


class Plausibility:
    """Looks at the first 200 ms with sound in them, once per stream."""

    __slots__ = (
        "_audio",
        "_declared",
        "_left",
        "_line",
        "_size",
        "is_done",
    )

    def __init__(self, line: AudioFormat) -> None:
        order = f" {line.byte_order}-endian" if line.encoding is Encoding.L16 else ""
        self.is_done = False
        self._declared = f"{line.encoding}{order}"
        self._line = line
        self._size = round(CHECKED_SECONDS * line.rate) * line.sample_bytes
        self._audio = b""
        self._left = MOST_CHECKS

    def heard(self, payload: bytes) -> Doubt | None:
        """More of the caller's audio; a doubt when it cannot be what was declared."""
        self._audio += payload
        if len(self._audio) < self._size:
            return None
        audio, self._audio = self._audio[: self._size & ~1], b""
        self._left -= 1
        seen = {name: _look(read(audio)) for name, (_, _, read) in READINGS.items()}
        self.is_done = seen[self._declared].loudness >= QUIET or self._left == 0
        return self._judge(seen)

    def _judge(self, seen: Mapping[str, Look]) -> Doubt | None:
        declared = seen[self._declared]
        if declared.loudness < LOUD and declared.roughness < ROUGH:
            return None
        clearer = [name for name, look in seen.items() if look.is_clearer_than(declared)]
        if not clearer:
            return None
        likely = min(clearer, key=lambda name: seen[name].steps)
        is_certain = seen[likely].is_voice_beside(declared)
        done = f"it is read as {likely} from here on; " if is_certain else ""
        encoding, order, _ = READINGS[likely]
        return Doubt(
            f"the line was declared {self._declared} at {self._line.rate} Hz, but its sound is that "
            f"of {likely}; {done}check the number's stream profile",
            replace(self._line, encoding=encoding, byte_order=order) if is_certain else None,
        )


def _look(pcm: bytes) -> Look:
    return Look(loudness(pcm), roughness(pcm))
