"""Phones that are ready to use."""

from __future__ import annotations

from linecard.simulator.phone import (
    human,
    says,
    voicemail,
)
from linecard.simulator.script import (
    Speak,
)
from linecard.simulator.speech import speech

LOUD = b"\x00\x20" * 160


def test_ready_made_phones() -> None:
    assert says("hello").script[2] == Speak(speech("hello"))
    assert human("desk").hangs_up
    assert voicemail("leave a message").is_machine
