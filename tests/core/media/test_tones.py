from __future__ import annotations

import numpy as np
import pytest

from linecard import InvalidField
from linecard.media.tones import KEYS, PAIRS, check_keys, dtmf


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_its_two_tones_at_their_level(key: str, rate: int) -> None:
    sound = np.frombuffer(dtmf(key, rate), "<i2").astype(float)
    assert len(sound) == rate // 5
    pressed, pause = sound[: rate // 10], sound[rate // 10 :]
    assert not pause.any()
    moments = np.arange(len(pressed)) / rate
    for hertz in PAIRS[key]:
        peak = 2 * abs(np.mean(pressed * np.exp(-2j * np.pi * hertz * moments)))
        level = 20 * np.log10(peak / 32767) + 3.17
        assert abs(level + 9) < 0.3


def test_keys_follow_each_other() -> None:
    assert dtmf("1a", 8000) == dtmf("1", 8000) + dtmf("A", 8000)


@pytest.mark.parametrize("digits", ["", "12x", "5 ", "１"])
def test_what_is_on_no_keypad_is_refused(digits: str) -> None:
    with pytest.raises(InvalidField, match="digits"):
        check_keys(digits)
