"""Between the line's encoding and the PCM of an agent, both directions of one stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from linecard.events import StreamCodec, StreamStarted
from linecard.media import g711
from linecard.media.formats import AudioFormat, Encoding, StreamFormat
from linecard.media.pcm import byteswap
from linecard.media.resample import Resampler

Stage = Callable[[bytes], bytes]

SILENCE: Mapping[Encoding, bytes] = {
    Encoding.PCMU: b"\xff",
    Encoding.PCMA: b"\xd5",
    Encoding.L16: b"\x00\x00",
}
"""One sample of silence on the line."""

ENCODERS: Mapping[Encoding, Stage] = {
    Encoding.PCMU: g711.encode_pcmu,
    Encoding.PCMA: g711.encode_pcma,
    Encoding.L16: byteswap,
}
DECODERS: Mapping[Encoding, Stage] = {
    Encoding.PCMU: g711.decode_pcmu,
    Encoding.PCMA: g711.decode_pcma,
    Encoding.L16: byteswap,
}


class WholeSamples:
    """Cuts 16-bit audio at whole samples: an odd byte waits in `half` for its other one."""

    __slots__ = ("half",)

    def __init__(self) -> None:
        self.half = b""

    def __call__(self, audio: bytes) -> bytes:
        """What is whole of it, with the half that waited."""
        if not self.half and not len(audio) & 1:
            return audio
        audio = self.half + audio
        whole = len(audio) & ~1
        self.half = audio[whole:]
        return audio[:whole]

    def reset(self) -> None:
        """Forget the half sample."""
        self.half = b""


class Codec:
    """Line encoding in and out, int16 little-endian mono PCM at `rate` on the agent's side.

    `rate` None is the line's own. Little-endian L16 at the same rate passes through uncopied.
    """

    __slots__ = (
        "_cut",
        "_is_halved",
        "_law",
        "_resampler",
        "decode",
        "format",
        "has_tail",
        "rate",
    )

    def __init__(self, format: StreamFormat, rate: int | None = None) -> None:
        self.format = format
        self.rate = rate or format.inbound.rate
        self.has_tail = False
        self._cut = WholeSamples()
        self._is_halved = False
        self._resampler = _resampler(self.rate, format.outbound.rate)
        self._law = _encoding(format.outbound)
        self.decode = _decoding(format.inbound, self.rate)
        """The line's audio as PCM at the agent's rate."""

    def plain(self) -> Stage:
        """A new stage of its own: the line's audio as PCM at the line's rate."""
        return _decoding(self.format.inbound, self.format.inbound.rate)

    def to_agent(self) -> Stage | None:
        """A new stage of its own: the line's rate as the agent's; None where they are the same."""
        change = _resampler(self.format.inbound.rate, self.rate)
        return None if change is None else change.process

    @property
    def silence(self) -> bytes:
        """One sample of silence, as the line carries it outbound."""
        return SILENCE[self.format.outbound.encoding]

    def retune(self, rate: int | None) -> None:
        """Another rate on the agent's side from now on; what has not come out is forgotten."""
        self.rate = rate or self.format.inbound.rate
        self.has_tail = self._is_halved = False
        self._cut.reset()
        self.decode = _decoding(self.format.inbound, self.rate)
        self._resampler = _resampler(self.rate, self.format.outbound.rate)

    def believe(self, inbound: AudioFormat) -> None:
        """The line carries something else than was declared; what is sent stays as it is."""
        self.format = replace(self.format, inbound=inbound)
        self.decode = _decoding(inbound, self.rate)

    def encode(self, pcm: bytes) -> bytes:
        """The agent's PCM as the line carries it."""
        if len(pcm) & 1 or self._is_halved:
            pcm = self._cut(pcm)
            self._is_halved = bool(self._cut.half)
        if self._resampler is not None:
            self.has_tail = True
            pcm = self._resampler.process(pcm)
        return self._law(pcm) if self._law else pcm

    def drain(self) -> bytes:
        """The end of what was encoded, where the resampler still holds it (`has_tail`)."""
        if not self.has_tail or self._resampler is None:
            return b""
        self.has_tail = False
        tail = self._resampler.drain()
        return self._law(tail) if self._law else tail

    def reset_outgoing(self) -> None:
        """Forget what was encoded and has not come out."""
        self._cut.reset()
        self._is_halved = False
        if self.has_tail and self._resampler is not None:
            self._resampler.reset()
        self.has_tail = False


def _resampler(source: int, target: int) -> Resampler | None:
    return None if source == target else Resampler(source, target)


def _encoding(line: AudioFormat) -> Stage | None:
    if line.encoding is Encoding.PCMU:
        return g711.pcmu_encoder()
    return None if _is_plain(line) else ENCODERS[line.encoding]


def _decoding(line: AudioFormat, rate: int) -> Stage:
    stages: list[Stage] = [WholeSamples()] if line.encoding is Encoding.L16 else []
    if not _is_plain(line):
        stages.append(DECODERS[line.encoding])
    change = _resampler(line.rate, rate)
    if change is not None:
        stages.append(change.process)
    return stages[0] if len(stages) == 1 else partial(_through, stages)


def _through(stages: Sequence[Stage], payload: bytes) -> bytes:
    for stage in stages:
        payload = stage(payload)
    return payload


def _is_plain(line: AudioFormat) -> bool:
    return line.encoding is Encoding.L16 and line.byte_order == "little"


def corrected(format: StreamFormat, started: StreamStarted) -> StreamFormat:
    """The declared format as the stream's opening message corrects it, each direction by itself.

    Raises ValueError for an encoding that is none of ours.
    """
    both = StreamCodec(started.encoding, started.rate)
    line = StreamFormat(
        inbound=_said(format.inbound, started.inbound or both),
        outbound=_said(format.outbound, started.outbound or both),
    )
    return format if line == format else line


def _said(declared: AudioFormat, said: StreamCodec) -> AudioFormat:
    encoding = Encoding(said.encoding) if said.encoding else declared.encoding
    return replace(declared, encoding=encoding, rate=said.rate or declared.rate)
