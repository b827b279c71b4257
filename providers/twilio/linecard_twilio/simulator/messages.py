"""The JSON messages that an application may send over a media stream, as strict as the carrier."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MALFORMED, INVALID = 31950, 31951


class BadMessage(Exception):
    """A message that Twilio does not act on; `code` is the error in its debugger."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Media:
    """Audio: mu-law at 8 kHz, of any length."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Send the name back when all before has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Throw away what has not been played."""


Command = Media | Mark | Clear


def read_command(message: str | bytes, stream_sid: str) -> Command:
    """What the application wants. Raises BadMessage: extra fields are not taken either."""
    if isinstance(message, bytes):
        raise BadMessage(MALFORMED, "a binary message; Twilio takes text only")
    try:
        event = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise BadMessage(MALFORMED, f"not JSON: {error}") from error
    if not isinstance(event, dict):
        raise BadMessage(MALFORMED, "not a JSON object")
    kind = event.get("event")
    if not isinstance(kind, str) or kind not in READERS:
        raise BadMessage(INVALID, f"no event that Twilio knows: {kind!r}")
    if event.get("streamSid") != stream_sid:
        raise BadMessage(INVALID, "streamSid is not this stream's")
    fields, read = READERS[kind]
    _only(event, {"event", "streamSid", *fields}, kind)
    return read(event)


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    extra = sorted(given.keys() - known)
    if extra:
        raise BadMessage(INVALID, f"{where} with extra fields: {', '.join(extra)}")


def _inside(event: Mapping[str, Any], name: str, field: str) -> str:
    inside = event.get(name)
    if not isinstance(inside, dict):
        raise BadMessage(INVALID, f"{name} without its object")
    _only(inside, {field}, f"{name} object")
    value = inside.get(field)
    if not isinstance(value, str) or not value:
        raise BadMessage(INVALID, f"{name} without {field}")
    return value


def _media(event: Mapping[str, Any]) -> Command:
    try:
        return Media(base64.b64decode(_inside(event, "media", "payload"), validate=True))
    except binascii.Error as error:
        raise BadMessage(INVALID, f"the payload is not base64: {error}") from error


def _mark(event: Mapping[str, Any]) -> Command:
    return Mark(_inside(event, "mark", "name"))


def _clear(event: Mapping[str, Any]) -> Command:
    return Clear()


READERS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Command]]] = {
    "media": (("media",), _media),
    "mark": (("mark",), _mark),
    "clear": ((), _clear),
}
