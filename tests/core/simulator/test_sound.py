"""Sounds, WAV files and levels."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from linecard.simulator.sound import (
    FRAME_BYTES,
    QUIET,
    SILENCE,
    frames,
    level,
    mix,
    read_wav,
    seconds,
    silence,
    write_wav,
)
from linecard.simulator.speech import beep, ringback, speech, tone

LOUD = b"\x00\x40" * 160


def test_frames_are_whole_and_the_last_is_filled_up() -> None:
    cut = list(frames(b"\x01\x00" * 200))
    assert [len(frame) for frame in cut] == [FRAME_BYTES, FRAME_BYTES]
    assert b"".join(cut)[:400] == b"\x01\x00" * 200
    assert not any(cut[1][80:])


def test_one_sound_is_mixed_unchanged_and_none_is_silence() -> None:
    assert mix([LOUD]) is LOUD
    assert mix([]) == SILENCE


def test_mixing_adds_and_does_not_wrap_around() -> None:
    assert mix([b"\x01\x00" * 160, b"\x02\x00" * 160]) == b"\x03\x00" * 160
    assert mix([b"\xff\x7f" * 160, b"\xff\x7f" * 160]) == b"\xff\x7f" * 160


def test_levels() -> None:
    assert level(SILENCE) == QUIET
    assert level(LOUD) == pytest.approx(-6.02, abs=0.01)


def test_a_written_file_reads_back(tmp_path: Path) -> None:
    sound = speech("hello")
    path = tmp_path / "hello.wav"
    path.write_bytes(write_wav((sound,)))
    assert read_wav(path) == sound


def test_two_channels_stay_apart() -> None:
    file = write_wav((b"\x01\x00" * 5, b"\x02\x00" * 5))
    assert file[44:] == b"\x01\x00\x02\x00" * 5


@pytest.mark.parametrize(
    ("rate", "channels", "width"), [(16000, 1, 2), (44100, 2, 2), (8000, 1, 1)]
)
def test_other_files_become_8_khz_mono(rate: int, channels: int, width: int) -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes((b"\x80" if width == 1 else b"\0" * width) * rate * channels)
    pcm = read_wav(out.getvalue())
    assert seconds(pcm) == pytest.approx(1.0, abs=0.01)
    assert not any(pcm)


def test_what_is_no_wav_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="not a PCM WAV"):
        read_wav(b"ID3 an mp3")


def test_the_same_text_gives_the_same_sound_and_another_another() -> None:
    assert speech("good morning") == speech("good morning")
    assert speech("good morning") != speech("good evening")
    assert level(speech("a")) > -30


def test_tones_have_their_lengths() -> None:
    assert seconds(beep()) == pytest.approx(0.4)
    assert seconds(ringback()) == pytest.approx(6.0)
    assert seconds(tone((440.0,), 0.25)) == pytest.approx(0.25)
    assert len(silence(0.5)) == 8000
