"""The JSON messages of Plivo's media socket, both ways, as strict as the carrier."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_MESSAGE = 64 * 1024
MAX_PAYLOAD = 16 * 1024


class BadMessage(Exception):
    """A message that Plivo would not act on; `reason` in Plivo's words where it has one."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PlayAudio:
    """Audio in the line's encoding."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Tell when all before has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearAudio:
    """Throw away what has not been played."""


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """Press keys toward the phone."""

    digits: str


Command = PlayAudio | Checkpoint | ClearAudio | SendDtmf


@dataclass(frozen=True, slots=True)
class MediaType:
    """What a stream carries: `audio/x-l16` or `audio/x-mulaw`, and Hz."""

    encoding: str
    rate: int

    @classmethod
    def parse(cls, content_type: str) -> MediaType:
        """From `audio/x-l16;rate=8000`."""
        encoding, _, rate = content_type.partition(";rate=")
        return cls(encoding, int(rate))


def read_command(message: str | bytes, stream_id: str, media: MediaType) -> Command:
    """What the application wants. Raises BadMessage."""
    if isinstance(message, bytes):
        raise BadMessage("invalid_message", "a binary message; Plivo takes text only")
    if len(message.encode()) > MAX_MESSAGE:
        raise BadMessage("message_too_large", f"above {MAX_MESSAGE} bytes")
    try:
        event = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise BadMessage("invalid_message", f"not JSON: {error}") from error
    if not isinstance(event, dict) or event.get("event") not in READERS:
        raise BadMessage("invalid_message", "no event that Plivo knows")
    if event.get("streamId", stream_id) != stream_id:
        raise BadMessage("invalid_stream", "another stream's streamId")
    return READERS[event["event"]](event, media)


def _play(event: dict[str, Any], media: MediaType) -> Command:
    given = event.get("media")
    if not isinstance(given, dict):
        raise BadMessage("invalid_message", "playAudio without media")
    if given.get("contentType") != media.encoding or not _is_rate(given, media.rate):
        found = f"{given.get('contentType')} at {given.get('sampleRate')}"
        raise BadMessage("invalid_content_type", f"{found}; the stream is {media}")
    return PlayAudio(_audio(given.get("payload"), media))


def _is_rate(given: dict[str, Any], rate: int) -> bool:
    # A number in the reference, a text on other pages: both are taken.
    value = given.get("sampleRate")
    return not isinstance(value, bool) and value in (rate, str(rate))


def _audio(payload: object, media: MediaType) -> bytes:
    if not isinstance(payload, str) or not payload:
        raise BadMessage("invalid_payload", "playAudio without payload")
    if len(payload) > MAX_PAYLOAD:
        raise BadMessage("invalid_payload", f"a payload above {MAX_PAYLOAD} characters")
    try:
        audio = base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise BadMessage("invalid_payload", f"not base64: {error}") from error
    if media.encoding == "audio/x-l16" and len(audio) % 2:
        raise BadMessage("invalid_payload", "half a sample")
    return audio


def _checkpoint(event: dict[str, Any], media: MediaType) -> Command:
    name = event.get("name")
    if not isinstance(name, str) or not name:
        raise BadMessage("invalid_message", "a checkpoint without name")
    return Checkpoint(name)


def _clear(event: dict[str, Any], media: MediaType) -> Command:
    return ClearAudio()


def _digits(event: dict[str, Any], media: MediaType) -> Command:
    digits = event.get("dtmf")
    if not isinstance(digits, str) or not digits or set(digits) - set("0123456789*#ABCDabcdwW"):
        raise BadMessage("invalid_message", "sendDTMF without digits")
    return SendDtmf(digits)


READERS: Mapping[str, Callable[[dict[str, Any], MediaType], Command]] = {
    "playAudio": _play,
    "checkpoint": _checkpoint,
    "clearAudio": _clear,
    "sendDTMF": _digits,
}


def headers_text(headers: str, shape: str) -> str:
    """extraHeaders as they come in every message: one fact, in the four forms that were seen."""
    parts = [pair.partition("=") for pair in headers.replace(";", ",").split(",") if pair]
    pairs = [(name, value) for name, _, value in parts]
    if shape == "json":
        return json.dumps(dict(pairs))
    if shape == "braces":
        return "{" + ", ".join(f"{name}: {value}" for name, value in pairs) + "}"
    joint = "," if shape == "commas" else ";"
    return joint.join(f"{name}={value}" for name, value in pairs)
