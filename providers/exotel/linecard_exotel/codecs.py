"""What a stream's opening message says of its codec: believed only where it says one thing.

Exotel's words are unsteady (`raw`, `raw/slin`, `audio/x-raw`, `base64`; `16`, `128`, `128kbps`), so
that the stream profile chooses the codec and these words confirm it.
"""

from __future__ import annotations

import re

from linecard import Encoding

LINEAR = frozenset(
    {"raw", "slin", "slin16", "raw/slin", "audio/x-raw", "audio/x-l16", "audio/l16", "l16"}
    | {"linear16", "pcm", "pcm16"}
)
LAW = frozenset({"mulaw", "ulaw", "mu-law", "pcmu", "audio/x-mulaw", "audio/pcmu", "g711_ulaw"})
RATES = frozenset({8000, 16000, 24000})
"""What `?sample-rate=` may ask for."""
_NUMBER = re.compile(r"([0-9]{1,9})(?:\.0)?\s*(?:hz|kbps|kb/s|bit|bits)?")
LINEAR_BITS = 16
LEAST_BITS = 8000
"""A figure as large as this is in bits a second, not kilobits."""


def encoding_of(word: object, bit_rate: object, rate: int | None) -> Encoding | None:
    """The codec where word and bit rate agree or only one speaks; None where they do not."""
    votes = {_by_word(word), _by_bits(bit_rate, rate or 8000)} - {None}
    return votes.pop() if len(votes) == 1 else None


def rate_of(text: object) -> int | None:
    """The sample rate; None for one that Exotel does not have."""
    rate = _whole(text)
    return rate if rate in RATES else None


def _by_word(word: object) -> Encoding | None:
    name = str(word).partition(";")[0].strip().lower()
    if name in LAW:
        return Encoding.PCMU
    return Encoding.L16 if name in LINEAR else None


def _by_bits(bit_rate: object, rate: int) -> Encoding | None:
    """Bits of one sample, or kilobits a second: 128 at 8 kHz is linear, 64 is mu-law."""
    bits = _whole(bit_rate)
    if bits is None:
        return None
    kilobits = bits if bits < LEAST_BITS else bits // 1000
    if kilobits in (LINEAR_BITS, rate * LINEAR_BITS // 1000):
        return Encoding.L16
    return Encoding.PCMU if (kilobits, rate) == (64, 8000) else None


def _whole(text: object) -> int | None:
    found = _NUMBER.fullmatch(str(text).strip().lower())
    return int(found[1]) if found else None
