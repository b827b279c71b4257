from __future__ import annotations

import random

from linecard.media.hush import Hush

RATE = 8000
FRAME = RATE // 50
SILENCE = bytes(2 * FRAME)
LOUD = b"\x00\x20" * FRAME


def noise(level: int) -> bytes:
    dice = random.Random(1)
    samples = [dice.randint(-level, level) for _ in range(FRAME)]
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


def told(hush: Hush, frame: bytes, seconds: float) -> list[int]:
    heard = (hush.heard(frame) for _ in range(round(seconds * 50)))
    return [silent for silent in heard if silent is not None]


def test_a_silence_is_told_every_five_seconds_while_it_lasts() -> None:
    hush = Hush(RATE)
    assert told(hush, SILENCE, 4.98) == []
    assert told(hush, SILENCE, 0.02) == [5]
    assert told(hush, SILENCE, 10) == [10, 15]


def test_a_sound_begins_the_count_anew() -> None:
    hush = Hush(RATE)
    assert told(hush, SILENCE, 4) == []
    assert told(hush, LOUD, 0.1) == []
    assert told(hush, SILENCE, 4.9) == []
    assert told(hush, SILENCE, 0.1) == [5]


def test_a_click_is_no_sound_and_the_lines_noise_is_silence() -> None:
    hush = Hush(RATE)
    assert told(hush, noise(100), 3) == []
    assert told(hush, LOUD, 0.02) == []
    assert told(hush, noise(100), 2) == [5]


def test_half_a_sample_harms_nothing() -> None:
    assert Hush(RATE).heard(b"\x00") is None
    assert Hush(RATE).heard(b"") is None
