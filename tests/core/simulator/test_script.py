"""Scripts, frame by frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from linecard.simulator.handset import Handset
from linecard.simulator.phone import (
    Phone,
)
from linecard.simulator.script import (
    Echo,
    HangUp,
    Press,
    Speak,
    Step,
    WaitForSilence,
    WaitForSound,
)
from linecard.simulator.sound import SILENCE, write_wav

LOUD = b"\x00\x20" * 160


def at(*script: Step, **more: object) -> Handset:
    return Handset("+1", Phone(script=script, **more))  # type: ignore[arg-type]


def run(handset: Handset, heard: list[bytes]) -> list[object]:
    """The digits and hang-ups of as many frames as are heard."""
    seen: list[object] = []
    for frame in heard:
        act = handset.speak()
        seen.append("hangs up" if act.hangs_up else act.digit)
        handset.hear(frame)
    return seen


def test_keys_are_pressed_one_after_the_other() -> None:
    handset = at(Press("12"), HangUp())
    seen = run(handset, [SILENCE] * 21)
    assert seen[0] == "1"
    assert seen[10] == "2"
    assert seen[20] == "hangs up"
    assert handset.pressed == [(0, "1"), (1600, "2")]


def test_it_waits_for_sound_and_for_silence() -> None:
    handset = at(WaitForSound(), WaitForSilence(0.1), Press("1"))
    seen = run(handset, [SILENCE] * 5 + [LOUD] * 5 + [SILENCE] * 20)
    assert seen.index("1") == 15
    assert handset.gave_up == []


def test_impatience_is_told() -> None:
    handset = at(WaitForSound(patience=0.1), Press("1"))
    seen = run(handset, [SILENCE] * 10)
    assert seen.index("1") == 5
    assert "WaitForSound" in handset.gave_up[0]


def test_an_echo_says_what_it_heard() -> None:
    handset = at(Echo(0.1))
    run(handset, [LOUD, SILENCE, LOUD])
    assert bytes(handset.said) == SILENCE + LOUD + SILENCE


def test_a_wav_file_is_read_when_the_phone_is_made(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(write_wav((LOUD,)))
    assert Speak(path).sound == LOUD
    with pytest.raises(FileNotFoundError):
        Speak(tmp_path / "none.wav")
