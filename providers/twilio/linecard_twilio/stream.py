"""Twilio's media socket, both directions, without I/O: JSON text frames.

Whatever comes in, `receive` answers with events and never raises. What goes out has exactly the
fields that Twilio documents: one more, or a foreign stream's id, is error 31951 in its console.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from linecard import (
    DigitReceived,
    Encoding,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamProfile,
    StreamStarted,
    StreamStopped,
    read_count,
)
from linecard_twilio import messages

ENCODINGS: Mapping[str, Encoding] = MappingProxyType({"audio/x-mulaw": Encoding.PCMU})
KEYS = frozenset("0123456789*#ABCD")
REMEMBERED_MARKS = 256
TAIL = '"}}'


class TwilioStream:
    """One connection. It knows whose stream it must be, and which marks our own clear has cancelled."""

    def __init__(self, profile: StreamProfile, account_sid: str) -> None:
        self._account_sid = account_sid
        self._largest = profile.chunk.largest
        self._id = ""
        self._head = ""
        self._waiting: list[str] = []
        self._cancelled: list[str] = []

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What Twilio's message means; a binary frame is none of Twilio's, `connected` means nothing."""
        if isinstance(message, bytes):
            return (MessageDropped("binary message"),)
        try:
            said = messages.decode(message)
        except (ValueError, RecursionError):
            return (MessageDropped("unreadable message"),)
        if type(said) is messages.Media and said.stream_sid == self._id != "":
            return (self._media(said),)
        if isinstance(said, messages.Connected):
            return (MessageDropped("connected again"),) if self._id else ()
        if not self._is_ours(said):
            return (MessageDropped("another stream" if self._id else "before start"),)
        return (self._READERS[type(said)](self, said),)

    def _is_ours(self, said: messages.OfStream) -> bool:
        if isinstance(said, messages.Start):
            return True
        return bool(self._id) and said.stream_sid == self._id

    def _start(self, said: messages.Start) -> StreamEvent:
        if self._id:
            return MessageDropped("second start")
        begun = said.start
        if begun.account_sid != self._account_sid:
            return MessageDropped("another account")
        if said.stream_sid not in ("", begun.stream_sid):
            return MessageDropped("two stream ids in a start")
        self._open(begun.stream_sid)
        name, rate = _format(begun.media_format)
        encoding = ENCODINGS.get(name)
        return StreamStarted(
            stream=begun.stream_sid,
            carrier_ids={"call_sid": begun.call_sid},
            encoding=(encoding.value if encoding else name) or None,
            rate=rate,
        )

    def _open(self, stream_sid: str) -> None:
        self._id = stream_sid
        quoted = msgspec.json.encode(stream_sid).decode()
        self._head = f'{{"event":"media","streamSid":{quoted},"media":{{"payload":"'

    def _media(self, said: messages.Media) -> StreamEvent:
        audio = said.media
        if audio.track != "inbound":
            return MessageDropped("another track")
        if not audio.payload:
            return MessageDropped("no audio")
        return MediaReceived(audio.payload, read_count(audio.chunk))

    def _dtmf(self, said: messages.Dtmf) -> StreamEvent:
        digit = said.dtmf.digit.upper()
        return DigitReceived(digit) if digit in KEYS else MessageDropped("not a key")

    def _mark(self, said: messages.Mark) -> StreamEvent:
        """Twilio gives back every waiting mark at once when we clear: those were not heard."""
        name = said.mark.name
        if name in self._cancelled:
            self._cancelled.remove(name)
            return MessageDropped("stale mark")
        if name not in self._waiting:
            return MessageDropped("unknown mark")
        self._waiting.remove(name)
        return MarkPlayed(name)

    def _stopped(self, _said: messages.Stop) -> StreamEvent:
        return StreamStopped()

    def play(self, audio: bytes) -> str:
        """A `media` message. Raises ValueError for more than the chunk rule allows, or before the start."""
        if not self._id:
            raise ValueError("Twilio takes no audio before its start")
        if len(audio) > self._largest:
            raise ValueError(f"{len(audio)} bytes of audio are too many for one message")
        return self._head + b2a_base64(audio, newline=False).decode("ascii") + TAIL

    def clear(self) -> str | None:
        """A `clear`; marks on their way are cancelled. None before the stream has started."""
        if not self._id:
            return None
        self._cancelled = (self._cancelled + self._waiting)[-REMEMBERED_MARKS:]
        self._waiting.clear()
        return _write({"event": "clear", "streamSid": self._id})

    def mark(self, name: str) -> str | None:
        """A `mark`. None before the stream has started."""
        if not self._id:
            return None
        self._waiting = [*self._waiting[1 - REMEMBERED_MARKS :], name]
        return _write({"event": "mark", "streamSid": self._id, "mark": {"name": name}})

    def send_digits(self, digits: str) -> None:
        """Nothing: Twilio's socket takes no keys."""
        return

    _READERS: ClassVar[Mapping[type, Callable[[Any, Any], StreamEvent]]] = MappingProxyType(
        {
            messages.Start: _start,
            messages.Media: _media,
            messages.Dtmf: _dtmf,
            messages.Mark: _mark,
            messages.Stop: _stopped,
        }
    )


def _write(message: Mapping[str, object]) -> str:
    return msgspec.json.encode(message).decode()


def _format(said: messages.MediaFormat | None) -> tuple[str, int | None]:
    """The codec's name without parameters, and the rate."""
    if said is None:
        return "", None
    return said.encoding.partition(";")[0].strip().lower(), read_count(said.sample_rate)
