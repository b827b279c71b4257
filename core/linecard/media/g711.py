"""G.711, bit-exact with ITU-T's reference on every input: int16 little-endian PCM on our side."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING

# The import itself warns on 3.11 and 3.12; programs that make warnings errors must still start.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MU_BIAS = 33
MU_CLIP = 0x1FFF
_IS_BIG_ENDIAN = sys.byteorder == "big"


def encode_pcmu(pcm: bytes) -> bytes:
    """One mu-law byte for each sample.

    Not by audioop: for negative samples on a decision threshold it is one step off (508 inputs).
    """
    import numpy as np

    table = _pcmu_table()
    return table.take(np.frombuffer(pcm, "<u2")).tobytes()


def decode_pcmu(law: bytes) -> bytes:
    """Two bytes for each mu-law byte."""
    return byteswap(audioop.ulaw2lin(law, 2)) if _IS_BIG_ENDIAN else audioop.ulaw2lin(law, 2)


def encode_pcma(pcm: bytes) -> bytes:
    """One A-law byte for each sample; audioop is exact here."""
    return audioop.lin2alaw(byteswap(pcm) if _IS_BIG_ENDIAN else pcm, 2)


def decode_pcma(law: bytes) -> bytes:
    """Two bytes for each A-law byte."""
    return byteswap(audioop.alaw2lin(law, 2)) if _IS_BIG_ENDIAN else audioop.alaw2lin(law, 2)


def byteswap(pcm: bytes) -> bytes:
    """Big-endian samples for little-endian ones, and back."""
    return audioop.byteswap(pcm, 2)


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
