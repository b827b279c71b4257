"""Text as real speech, where there is a program for it."""

from __future__ import annotations

import shutil

import pytest

from linecard.simulator.sound import level, seconds
from linecard.simulator.speech import speech, spoken


async def test_without_espeak_it_is_tones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert await spoken("hello") == speech("hello")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
async def test_with_espeak_it_is_speech() -> None:
    said = await spoken("hello, this is a test")
    assert said != speech("hello, this is a test")
    assert seconds(said) > 0.5
    assert level(said) > -50
