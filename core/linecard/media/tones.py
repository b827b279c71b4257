"""Keys as tones, for carriers whose socket cannot press them (ITU-T Q.23)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from linecard.errors import InvalidField

KEYS = "123A456B789C*0#D"
ROWS = (697, 770, 852, 941)
COLUMNS = (1209, 1336, 1477, 1633)
PAIRS: Mapping[str, tuple[int, int]] = {
    key: (ROWS[place // 4], COLUMNS[place % 4]) for place, key in enumerate(KEYS)
}
"""Hertz, low and high."""

ON_SECONDS = 0.1
OFF_SECONDS = 0.1
LEVEL_DBM0 = -9.0
FULL_SCALE_DBM0 = 3.17
"""A sine of full scale (ITU-T G.711, mu-law's load capacity)."""


MOST_KEYS = 64
"""In one row; as tones they last 13 s."""


def check_keys(digits: str) -> str:
    """The keys in capitals. Raises InvalidField for anything that is on no keypad, or too long a row."""
    keys = digits.upper()
    if not keys or any(key not in PAIRS for key in keys):
        raise InvalidField("digits", f"must be keys out of {KEYS}")
    if len(keys) > MOST_KEYS:
        raise InvalidField("digits", f"must be at most {MOST_KEYS} keys at once")
    return keys


def dtmf(digits: str, rate: int) -> bytes:
    """Each key 100 ms on and 100 ms off, -9 dBm0 a tone: int16 little-endian mono PCM at `rate`."""
    return b"".join(_key(key, rate) for key in check_keys(digits))


@cache
def _key(key: str, rate: int) -> bytes:
    import numpy as np

    moments = np.arange(round(ON_SECONDS * rate)) / rate
    peak = 32767 * 10 ** ((LEVEL_DBM0 - FULL_SCALE_DBM0) / 20)
    tones = sum(np.sin(2 * np.pi * hertz * moments) for hertz in PAIRS[key])
    pressed = np.rint(peak * np.asarray(tones)).astype("<i2").tobytes()
    return pressed + bytes(round(OFF_SECONDS * rate) * 2)
