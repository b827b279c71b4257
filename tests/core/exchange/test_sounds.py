"""Messages as sound: files of the folder of sounds, and texts spoken by an espeak-ng."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.calls.heard import install_espeak, record, said

from linecard.exchange import sounds
from linecard.media.wav import load_wav
from linecard.routing import Message
from linecard.settings import Settings
from linecard.settings.secret import Secret
from linecard.simulator.sound import write_wav
from linecard.simulator.speech import speech

HELLO, HALLO, OTHER = "Hello there.", "Guten Tag.", "Never heard of."


def settings(folder: Path | None) -> Settings:
    return Settings(
        public_url="http://127.0.0.1:1",
        api_key=Secret("k" * 16),
        secret=Secret("s" * 32),
        sounds=None if folder is None else str(folder),
    )


async def test_a_text_is_spoken_in_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lengths in the header of what comes by a pipe are none: all of it is heard all the same."""
    install_espeak(tmp_path, monkeypatch, HELLO, voice="en-us")
    install_espeak(tmp_path, monkeypatch, HALLO, voice="de-de")
    none = settings(None)
    assert await sounds.pcm(none, Message(say=HELLO), 8000) == speech(HELLO)
    german = Message(say=HALLO, language="de-DE")
    assert await sounds.pcm(none, german, 8000) == speech(HALLO)


async def test_what_is_spoken_comes_at_the_rate_of_the_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """espeak-ng has 22,050 samples a second, whatever is asked of it."""
    install_espeak(tmp_path, monkeypatch, HELLO, voice="en-us")
    (spoken,) = tmp_path.glob("en-us-*.wav")
    own = speech(HELLO)
    with wave.open(str(spoken), "wb") as file:
        file.setparams((1, 2, 22050, 0, "NONE", ""))
        file.writeframes(load_wav(write_wav([own]), 22050))
    heard = await sounds.pcm(settings(None), Message(say=HELLO), 8000)
    assert abs(len(heard) - len(own)) <= 4


async def test_a_recorded_prompt_goes_before_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_espeak(tmp_path, monkeypatch, HELLO, voice="en-us")
    record(tmp_path, HALLO)
    both = Message(say=HELLO, sound=said(HALLO)["sound"])
    assert await sounds.pcm(settings(tmp_path), both, 8000) == speech(HALLO)
    assert await sounds.pcm(settings(None), both, 8000) == speech(HELLO)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (Message(say=OTHER), "espeak-ng gave no WAV in en-us"),
        (Message(say=HELLO, language="de-DE"), "espeak-ng gave no WAV in de-de"),
        (Message(sound="gone.wav"), "the sound gone.wav is gone"),
    ],
)
async def test_what_cannot_be_spoken_is_silence_and_an_error_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: Message, complaint: str
) -> None:
    install_espeak(tmp_path, monkeypatch, HELLO, voice="en-us")
    with capture_logs() as logs:
        assert await sounds.pcm(settings(tmp_path), message, 8000) == b""
    assert [one["error"] for one in logs] == [complaint]


async def test_a_speaker_that_hangs_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_espeak(tmp_path, monkeypatch, HELLO, voice="en-us")
    (tmp_path / "espeak-ng").write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    monkeypatch.setattr(sounds, "SYNTHESIS_SECONDS", 0.5)
    assert await sounds.pcm(settings(None), Message(say=HELLO), 8000) == b""
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_what_can_be_heard_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path, HELLO)
    monkeypatch.setenv("PATH", str(tmp_path))
    recorded, text = Message(**said(HELLO)), Message(say=HELLO)
    assert [sounds.can_be_heard(settings(tmp_path), one) for one in (recorded, text)] == [
        True,
        False,
    ]
    install_espeak(tmp_path, monkeypatch, HELLO, voice="en-us")
    assert sounds.can_be_heard(settings(None), recorded)
    assert not sounds.can_be_heard(settings(tmp_path), Message(sound="gone.wav"))
