"""Telnyx's media socket, both directions, without I/O: JSON text frames.

`connected` comes first and says nothing; before the answer of a call that was dialled with its
stream, it may be all that ever comes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from linecard import (
    DigitReceived,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamCodec,
    StreamEvent,
    StreamFailed,
    StreamStarted,
    StreamStopped,
)
from linecard_telnyx.ordering import InOrder

KEYS = frozenset("0123456789*#ABCD")
REMEMBERED_MARKS = 256
UNNAMED = frozenset({"connected", "start", "error"})
"""Messages that need not be of the stream: it has no name yet, or nobody promises it."""
IDS = ("call_control_id", "call_session_id")

Events = Sequence[StreamEvent]


class TelnyxStream:
    """One connection: its stream's id, frames that wait for their turn, marks that our clear cancelled."""

    def __init__(self) -> None:
        self._id = ""
        self._frames = InOrder()
        self._waiting: deque[str] = deque(maxlen=REMEMBERED_MARKS)
        self._cancelled: deque[str] = deque(maxlen=REMEMBERED_MARKS)
        self._readers: Mapping[object, Callable[[dict[str, Any]], Events]] = {
            "connected": lambda _: (),
            "start": self._start,
            "media": self._media,
            "dtmf": self._dtmf,
            "mark": self._mark,
            "error": self._failed,
            "stop": lambda _: (StreamStopped(),),
        }

    def receive(self, message: str | bytes) -> Events:
        """What Telnyx's message means; a binary frame is none of Telnyx's."""
        if isinstance(message, bytes):
            return (MessageDropped("binary message"),)
        try:
            said = msgspec.json.decode(message, type=dict[str, Any])
            return self._read(said, said.get("event"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return (MessageDropped("unreadable message"),)

    def _read(self, said: dict[str, Any], event: object) -> Events:
        reader = self._readers.get(event)
        if reader is None:
            return (MessageDropped("unknown message"),)
        if event not in UNNAMED and (not self._id or said.get("stream_id") != self._id):
            return (MessageDropped("another stream" if self._id else "before start"),)
        return reader(said)

    def _start(self, said: dict[str, Any]) -> Events:
        """The codec of what comes in is the call's; what we send is what we asked for."""
        if self._id:
            return (MessageDropped("second start"),)
        begun, self._id = said["start"], str(said["stream_id"])
        line = begun.get("media_format") or {}
        return (
            StreamStarted(
                stream=self._id,
                carrier_ids={name: begun[name] for name in IDS if isinstance(begun.get(name), str)},
                inbound=StreamCodec(line.get("encoding"), _whole(line.get("sample_rate"))),
            ),
        )

    def _media(self, said: dict[str, Any]) -> Events:
        media = said["media"]
        if media.get("track") != "inbound":
            return (MessageDropped("another track"),)
        audio, number = b64decode(media["payload"], validate=True), _whole(media.get("chunk"))
        if not audio or number is None:
            return (MessageDropped("no audio" if number is not None else "no number"),)
        ready = self._frames.put(number, audio)
        if ready is None:
            return (MessageDropped("late audio"),)
        return [MediaReceived(frame, place) for place, frame in ready]

    def _dtmf(self, said: dict[str, Any]) -> Events:
        digit = str(said["dtmf"]["digit"]).upper()
        return (DigitReceived(digit) if digit in KEYS else MessageDropped("not a key"),)

    def _mark(self, said: dict[str, Any]) -> Events:
        """A clear sends back the marks that it has thrown away: they were not heard."""
        name = str(said["mark"]["name"])
        if name in self._cancelled:
            self._cancelled.remove(name)
            return (MessageDropped("stale mark"),)
        if name in self._waiting:
            self._waiting.remove(name)
        return (MarkPlayed(name),)

    def _failed(self, said: dict[str, Any]) -> Events:
        fault = said.get("payload") or {}
        return (StreamFailed(str(fault.get("detail") or fault.get("title") or "no reason given")),)

    def play(self, audio: bytes) -> str:
        """A `media` message; it names no stream."""
        return f'{{"event":"media","media":{{"payload":"{b64encode(audio).decode()}"}}}}'

    def clear(self) -> str:
        """A `clear`; marks on their way are cancelled."""
        self._cancelled.extend(self._waiting)
        self._waiting.clear()
        return '{"event":"clear"}'

    def mark(self, name: str) -> str:
        """A `mark`."""
        self._waiting.append(name)
        return msgspec.json.encode({"event": "mark", "mark": {"name": name}}).decode()

    def send_digits(self, digits: str) -> str | None:
        """None: Telnyx's socket presses no keys."""
        return None


def _whole(count: object) -> int | None:
    if isinstance(count, str):
        return int(count) if len(count) < 19 and count.isascii() and count.isdecimal() else None
    return count if isinstance(count, int) else None
