"""Sound compared sample for sample."""

from __future__ import annotations

import numpy as np

from linecard.demo.hearing import cut_short, end_of_sound, first_sound, likest, place_of
from linecard.demo.voices import AGENT, CUSTOMER, beeps, say

HUSH = bytes(16_000)
"""Half a second."""
FIRST = say("Good morning to you all.", AGENT)
REST = beeps("4711")


def test_sound_is_found_to_the_sample() -> None:
    tone = b"\x01\x00" * 100
    pcm = HUSH + tone + HUSH + tone
    assert first_sound(pcm) == 8000
    assert end_of_sound(pcm, 8000) == 8100
    assert end_of_sound(pcm, 8101) == 16_200
    assert first_sound(HUSH) is None
    assert end_of_sound(HUSH, 0) is None


def test_a_short_pause_does_not_end_a_sound() -> None:
    tone = b"\x01\x00" * 100
    assert end_of_sound(tone + bytes(3200) + tone + HUSH, 0) == 1800


def test_a_place_is_counted_in_samples_and_never_between_two_bytes() -> None:
    assert place_of(FIRST, HUSH + FIRST + HUSH) == 8000
    assert place_of(FIRST, HUSH) is None
    assert place_of(b"\x01\x02", b"\x00\x01\x02\x00") is None
    assert place_of(b"\x01\x02", b"\x00\x01\x02\x00\x01\x02") == 2


def test_what_was_cut_short_is_told_in_seconds() -> None:
    assert cut_short(FIRST[:16_000] + REST, FIRST, REST) == 1.0
    assert cut_short(FIRST + REST, FIRST, REST) == len(FIRST) / 16_000


def test_a_frame_lost_doubled_or_moved_is_noticed() -> None:
    frames = [FIRST[at : at + 320] for at in range(0, 16_000, 320)]
    whole = b"".join(frames)
    for broken in (
        frames[:10] + frames[11:],
        [*frames[:10], frames[9], *frames[10:]],
        [*frames[:10], frames[11], frames[10], *frames[12:]],
    ):
        assert cut_short(b"".join(broken) + REST, whole, REST) is None
    assert cut_short(whole + REST[:-320], whole, REST) is None


def test_voices_differ_and_are_always_the_same() -> None:
    assert say("hello there", AGENT) == say("hello there", AGENT)
    assert say("hello there", AGENT) != say("hello there", CUSTOMER)
    assert beeps("12") != beeps("21")


def test_a_sound_that_was_changed_a_little_is_found_by_its_likeness() -> None:
    chance = np.random.default_rng(1)
    sound = chance.normal(0, 3000, 4000)
    changed = sound * 0.6 + chance.normal(0, 500, 4000)
    whole = np.concatenate((np.zeros(1234), changed, np.zeros(500))).astype("<i2").tobytes()
    place, like = likest(sound.astype("<i2").tobytes(), whole)
    assert place == 1234
    assert 0.9 < like < 0.99
    other = chance.normal(0, 3000, 4000).astype("<i2").tobytes()
    assert likest(other, whole)[1] < 0.3
    assert likest(whole, other) == (0, 0.0)
    assert likest(other, bytes(16000)) == (0, 0.0)
