"""Whether what a line carries can be what was declared: speech read in a wrong encoding is noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from linecard.media import g711
from linecard.media.formats import AudioFormat, Encoding
from linecard.media.pcm import byteswap, loudness, roughness

CHECKED_SECONDS = 0.2
MOST_CHECKS = 50
"""Stretches of 200 ms that are looked at before the search for one with sound in it is given up."""
QUIET = 300
ROUGH, SMOOTH = 1.2, 0.7
"""Noise is at 1.4, speech below 1."""

READINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "L16 little-endian": lambda audio: audio,
    "L16 big-endian": byteswap,
    "PCMU": g711.decode_pcmu,
    "PCMA": g711.decode_pcma,
}


class Plausibility:
    """Looks at the first 200 ms with sound in them, once per stream."""

    def __init__(self, line: AudioFormat) -> None:
        order = f" {line.byte_order}-endian" if line.encoding is Encoding.L16 else ""
        self.is_done = False
        self._declared = f"{line.encoding}{order}"
        self._line = line
        self._size = round(CHECKED_SECONDS * line.rate) * line.sample_bytes
        self._audio = b""
        self._left = MOST_CHECKS

    def heard(self, payload: bytes) -> str | None:
        """More of the caller's audio; a sentence when it cannot be what was declared."""
        self._audio += payload
        if len(self._audio) < self._size:
            return None
        audio, self._audio = self._audio[: self._size & ~1], b""
        self._left -= 1
        loud = loudness(READINGS[self._declared](audio)) >= QUIET
        self.is_done = loud or self._left == 0
        return self._judge(audio) if loud else None

    def _judge(self, audio: bytes) -> str | None:
        if roughness(READINGS[self._declared](audio)) < ROUGH:
            return None
        likely = next(self._smooth(audio), None)
        if likely is None:
            return None
        return (
            f"the line was declared {self._declared} at {self._line.rate} Hz, but its sound is that "
            f"of {likely}; check the number's stream profile"
        )

    def _smooth(self, audio: bytes) -> Iterator[str]:
        for name, read in READINGS.items():
            pcm = read(audio)
            if loudness(pcm) >= QUIET and roughness(pcm) <= SMOOTH:
                yield name
