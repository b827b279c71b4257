"""Messages of the media socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from linecard_plivo.simulator.messages import (
    Checkpoint,
    ClearAudio,
    MediaType,
    PlayAudio,
    SendDtmf,
    headers_text,
    read_command,
)

L16 = MediaType("audio/x-l16", 8000)


def read(**event: Any) -> object:
    return read_command(json.dumps(event), "s1", L16)


@pytest.mark.parametrize("rate", [8000, "8000"])
def test_audio_with_a_rate_in_either_form(rate: int | str) -> None:
    media = {"contentType": "audio/x-l16", "sampleRate": rate, "payload": "AQI="}
    assert read(event="playAudio", media=media) == PlayAudio(b"\x01\x02")


def test_the_other_commands() -> None:
    assert read(event="checkpoint", streamId="s1", name="a") == Checkpoint("a")
    assert read(event="clearAudio") == ClearAudio()
    assert read(event="sendDTMF", dtmf="12w#") == SendDtmf("12w#")


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("semicolons", "a=1;b=2"),
        ("commas", "a=1,b=2"),
        ("json", '{"a": "1", "b": "2"}'),
        ("braces", "{a: 1, b: 2}"),
    ],
)
def test_extra_headers_in_the_shapes_that_were_seen(shape: str, text: str) -> None:
    assert headers_text("a=1,b=2", shape) == text


def test_a_media_type_from_its_attribute() -> None:
    assert MediaType.parse("audio/x-mulaw;rate=8000") == MediaType("audio/x-mulaw", 8000)
