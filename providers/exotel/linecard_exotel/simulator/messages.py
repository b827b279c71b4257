"""What the application may send on a media socket, as strict as the carrier's pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MIN_CHUNK = 3200
MAX_CHUNK = 100_000
CHUNK_STEP = 320
STREAM_KEYS = ("stream_sid", "streamSid")


class BadMessage(Exception):
    """A message that Exotel would not act on; `reason` is a word for it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PlayChunk:
    """A chunk of audio in the line's encoding."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class SetMark:
    """Tell when all before has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearAudio:
    """Throw away what has not been started."""


Command = PlayChunk | SetMark | ClearAudio


def read_command(message: str | bytes, stream_sid: str) -> Command:
    """What the application wants. Raises BadMessage."""
    if isinstance(message, bytes):
        raise BadMessage("binary", "a binary message; Exotel takes text only")
    try:
        event = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise BadMessage("not json", f"not JSON: {error}") from error
    if not isinstance(event, dict) or event.get("event") not in READERS:
        raise BadMessage("unknown event", "no event that Exotel knows")
    if [event[key] for key in STREAM_KEYS if key in event][:1] != [stream_sid]:
        raise BadMessage("stream_sid", "no stream_sid, or another stream's")
    return READERS[event["event"]](event)


def chunk_fault(audio: bytes) -> str | None:
    """What is wrong with a chunk's size; None when nothing is."""
    size = len(audio)
    if size < MIN_CHUNK:
        return f"a chunk of {size} bytes: less than {MIN_CHUNK}"
    if size > MAX_CHUNK:
        return f"a chunk of {size} bytes: more than {MAX_CHUNK}"
    return f"a chunk of {size} bytes: no multiple of {CHUNK_STEP}" if size % CHUNK_STEP else None


def _part(event: dict[str, Any], name: str) -> dict[str, Any]:
    part = event.get(name)
    if not isinstance(part, dict):
        raise BadMessage(name, f"{name} without its object")
    return part


def _media(event: dict[str, Any]) -> Command:
    payload = _part(event, "media").get("payload")
    if not isinstance(payload, str) or not payload:
        raise BadMessage("payload", "media without payload")
    try:
        return PlayChunk(base64.b64decode(payload, validate=True))
    except binascii.Error as error:
        raise BadMessage("payload", f"not base64: {error}") from error


def _mark(event: dict[str, Any]) -> Command:
    name = _part(event, "mark").get("name")
    if not isinstance(name, str) or not name:
        raise BadMessage("mark", "a mark without name")
    return SetMark(name)


def _clear(event: dict[str, Any]) -> Command:
    return ClearAudio()


READERS: Mapping[str, Callable[[dict[str, Any]], Command]] = {
    "media": _media,
    "mark": _mark,
    "clear": _clear,
}
