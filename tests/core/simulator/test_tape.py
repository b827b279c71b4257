"""Recordings hold both sides, for as long as they may."""

from __future__ import annotations

from linecard.simulator.sound import read_wav
from linecard.simulator.tape import Tape

ONE, TWO = b"\x01\x00" * 160, b"\x02\x00" * 160


def test_mono_is_the_sum_and_stereo_keeps_sides() -> None:
    tape = Tape(1.0, lambda: None)
    tape.take(ONE, TWO)
    assert read_wav(tape.wav(stereo=False)) == b"\x03\x00" * 160
    assert tape.wav(stereo=True)[44:] == b"\x01\x00\x02\x00" * 160


def test_the_limit_cuts_and_tells_once() -> None:
    told: list[bool] = []
    tape = Tape(0.04, lambda: told.append(True))
    for _ in range(5):
        tape.take(ONE, TWO)
    assert told == [True]
    assert tape.seconds == 0.04


def test_a_pause_records_nothing_at_all() -> None:
    tape = Tape(1.0, lambda: None)
    tape.take(ONE, ONE)
    tape.is_paused = True
    tape.take(TWO, TWO)
    tape.is_paused = False
    tape.take(ONE, ONE)
    assert read_wav(tape.wav(stereo=False)) == b"\x02\x00" * 320
