"""Between a phone's sound (8 kHz PCM) and the encoding of a media socket, frame by frame."""

from __future__ import annotations

import audioop
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from linecard.media.formats import AudioFormat, Encoding
from linecard.simulator.sound import RATE


class LineCodec(Protocol):
    """One direction each way of one stream; `silence` is a frame of silence on the line."""

    silence: bytes

    def encode(self, frame: bytes) -> bytes:
        """A phone's frame, as the line carries it."""
        ...

    def decode(self, frame: bytes) -> bytes:
        """A line's frame, as the phone hears it."""
        ...


class PlainCodec:
    """L16 little-endian at 8 kHz: the phone's own form, so nothing changes."""

    silence = bytes(320)

    def encode(self, frame: bytes) -> bytes:
        """The same bytes."""
        return frame

    def decode(self, frame: bytes) -> bytes:
        """The same bytes."""
        return frame


class WideCodec:
    """L16 little-endian at a multiple of 8 kHz: straight lines upwards, means downwards."""

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._last = 0
        self.silence = bytes(320 * factor)

    def encode(self, frame: bytes) -> bytes:
        """`factor` samples for each, on a line from the sample before."""
        here = np.frombuffer(frame, "<i2").astype(np.int32)
        before = np.concatenate(([self._last], here[:-1]))
        self._last = int(here[-1])
        steps = np.arange(1, self._factor + 1)
        between = before[:, None] + (here - before)[:, None] * steps // self._factor
        return bytes(between.astype("<i2").tobytes())

    def decode(self, frame: bytes) -> bytes:
        """The mean of each `factor` samples."""
        samples = np.frombuffer(frame, "<i2").reshape(-1, self._factor)
        return bytes(np.rint(samples.mean(axis=1)).astype("<i2").tobytes())


class MuLawCodec:
    """PCMU at 8 kHz (G.711)."""

    silence = b"\xff" * 160

    def encode(self, frame: bytes) -> bytes:
        """One byte for each sample."""
        return audioop.lin2ulaw(frame, 2)

    def decode(self, frame: bytes) -> bytes:
        """Two bytes for each sample."""
        return audioop.ulaw2lin(frame, 2)


class ALawCodec:
    """PCMA at 8 kHz (G.711)."""

    silence = b"\xd5" * 160

    def encode(self, frame: bytes) -> bytes:
        """One byte for each sample."""
        return audioop.lin2alaw(frame, 2)

    def decode(self, frame: bytes) -> bytes:
        """Two bytes for each sample."""
        return audioop.alaw2lin(frame, 2)


NARROW: Mapping[Encoding, Callable[[], LineCodec]] = {
    Encoding.PCMU: MuLawCodec,
    Encoding.PCMA: ALawCodec,
    Encoding.L16: PlainCodec,
}


def line_codec(format: AudioFormat) -> LineCodec:
    """The codec of one stream. Raises ValueError for a rate that is no multiple of 8 kHz."""
    factor, rest = divmod(format.rate, RATE)
    if rest or (factor != 1 and format.encoding is not Encoding.L16):
        raise ValueError(f"no simulated line carries {format}")
    return NARROW[format.encoding]() if factor == 1 else WideCodec(factor)
