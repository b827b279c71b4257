"""What a line makes of sound: companded lines change samples, and long chunks are filled up with silence."""

from __future__ import annotations

from dataclasses import dataclass

from linecard.media.codec import DECODERS, ENCODERS
from linecard.media.formats import AudioFormat, Encoding, StreamProfile
from linecard.simulator.linecodec import line_codec


@dataclass(frozen=True, slots=True)
class LineSound:
    """One stream profile's line, of 8 kHz; sounds are int16 PCM. `pads`: its chunks are longer than a frame."""

    audio: AudioFormat
    pads: bool

    @classmethod
    def of(cls, profile: StreamProfile) -> LineSound:
        """The line of a profile."""
        audio = profile.format.outbound
        return cls(audio, profile.chunk.smallest > audio.frame_bytes)

    def heard(self, pcm: bytes) -> bytes:
        """What the phone hears of a sound of ours."""
        return pcm if self._is_plain else self.decoded(ENCODERS[self.audio.encoding](pcm))

    def said(self, pcm: bytes) -> bytes:
        """What we hear of a phone's sound."""
        if self._is_plain:
            return pcm
        return DECODERS[self.audio.encoding](line_codec(self.audio).encode(pcm))

    def decoded(self, played: bytes) -> bytes:
        """What the carrier played from its buffer, as the phone heard it."""
        return line_codec(self.audio).decode(played)

    @property
    def _is_plain(self) -> bool:
        return self.audio.encoding is Encoding.L16
