"""G.711, bit-exact with ITU-T's reference on every input: int16 little-endian PCM on our side."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from linecard.media.pcm import audioop

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MU_BIAS = 33
MU_CLIP = 0x1FFF


def encode_pcmu(pcm: bytes) -> bytes:
    """One mu-law byte for each sample.

    Not by audioop: for negative samples on a decision threshold it is one step off (508 inputs).
    """
    return pcmu_encoder()(pcm)


def decode_pcmu(law: bytes) -> bytes:
    """Two bytes for each mu-law byte."""
    return audioop.ulaw2lin(law, 2)


def encode_pcma(pcm: bytes) -> bytes:
    """One A-law byte for each sample; audioop is exact here."""
    return audioop.lin2alaw(pcm, 2)


def decode_pcma(law: bytes) -> bytes:
    """Two bytes for each A-law byte."""
    return audioop.alaw2lin(law, 2)


@cache
def pcmu_encoder() -> Callable[[bytes], bytes]:
    """`encode_pcmu` without its own call; made once, and numpy loaded with it: `import linecard` stays light."""
    import numpy as np

    take, samples, sample = _pcmu_table().take, np.frombuffer, np.dtype("<u2")

    def encode(pcm: bytes) -> bytes:
        law: bytes = take(samples(pcm, sample)).tobytes()
        return law

    return encode


@cache
def _pcmu_table() -> npt.NDArray[np.uint8]:
    """The code of each sample, by its bits as an unsigned number (ITU-T G.711, table 2)."""
    import numpy as np

    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    folded = np.where(samples < 0, ~samples, samples) >> 2
    magnitude = np.minimum(folded + MU_BIAS, MU_CLIP)
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    step = (magnitude >> (segment + 1)) & 0x0F
    codes = 0x7F - (segment << 4) - step
    table: npt.NDArray[np.uint8] = np.where(samples < 0, codes, codes | 0x80).astype(np.uint8)
    return table
