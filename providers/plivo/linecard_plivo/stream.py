"""Plivo's media socket, both directions, without I/O: JSON text frames.

Whatever comes in, `receive` answers with events and never raises.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from linecard import (
    AudioFormat,
    BufferCleared,
    DigitReceived,
    Encoding,
    MarkPlayed,
    MediaReceived,
    MessageDropped,
    StreamEvent,
    StreamFailed,
    StreamProfile,
    StreamStarted,
    StreamStopped,
    read_count,
)
from linecard_plivo import messages
from linecard_plivo.facts import CONTENT_TYPES, LARGEST_PAYLOAD

ENCODINGS: Mapping[str, Encoding] = MappingProxyType(
    {theirs: encoding for encoding, theirs in CONTENT_TYPES.items()}
)
KEYS = frozenset("0123456789*#ABCD")
REMEMBERED_MARKS = 256
TAIL = '"}}'


class PlivoStream:
    """One connection. It knows the stream's id, its codec, and which marks our own clear has cancelled."""

    def __init__(self, profile: StreamProfile) -> None:
        self._id = ""
        self._use(profile.format.inbound)
        self._waiting: list[str] = []
        self._cancelled: list[str] = []

    def _use(self, audio: AudioFormat) -> None:
        self._sample_bytes = audio.sample_bytes
        self._head = (
            f'{{"event":"playAudio","media":{{"contentType":"{CONTENT_TYPES[audio.encoding]}",'
            f'"sampleRate":{audio.rate},"payload":"'
        )

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What Plivo's message means; a binary frame is none of Plivo's."""
        if isinstance(message, bytes):
            return (MessageDropped("binary message"),)
        try:
            said = messages.decode(message)
        except (ValueError, RecursionError):
            return (MessageDropped("unreadable message"),)
        if type(said) is messages.Media and said.stream_id == self._id != "":
            return (self._media(said),)
        if not self._is_ours(said):
            return (MessageDropped("another stream" if self._id else "before start"),)
        return (self._READERS[type(said)](self, said),)

    def _is_ours(self, said: messages.Message) -> bool:
        if isinstance(said, messages.Start):
            return True
        return bool(self._id) and said.stream_id in ("", self._id)

    def _start(self, said: messages.Start) -> StreamEvent:
        if self._id:
            return MessageDropped("second start")
        begun = said.start
        self._id = begun.stream_id
        name, rate = _format(begun.media_format)
        encoding = ENCODINGS.get(name)
        if encoding and rate:
            self._use(AudioFormat(encoding, rate))
        return StreamStarted(
            stream=begun.stream_id,
            carrier_ids={"call_uuid": begun.call_id},
            encoding=(encoding.value if encoding else name) or None,
            rate=rate,
        )

    def _media(self, said: messages.Media) -> StreamEvent:
        audio = said.media
        if audio.track != "inbound":
            return MessageDropped("another track")
        if not audio.payload:
            return MessageDropped("no audio")
        if len(audio.payload) % self._sample_bytes:
            return MessageDropped("half a sample")
        return MediaReceived(audio.payload, read_count(audio.chunk))

    def _dtmf(self, said: messages.Dtmf) -> StreamEvent:
        digit = said.dtmf.digit.upper()
        return DigitReceived(digit) if digit in KEYS else MessageDropped("not a key")

    def _played(self, said: messages.Played) -> StreamEvent:
        """Plivo may still answer a checkpoint that our clear has thrown away: it was not heard."""
        if said.name in self._cancelled:
            self._cancelled.remove(said.name)
            return MessageDropped("stale mark")
        if said.name in self._waiting:
            self._waiting.remove(said.name)
        return MarkPlayed(said.name)

    def _cleared(self, _said: messages.Cleared) -> StreamEvent:
        return BufferCleared()

    def _failed(self, said: messages.Fault) -> StreamEvent:
        return StreamFailed(said.reason or "the carrier gives no reason")

    def _stopped(self, said: messages.Stop) -> StreamEvent:
        return StreamStopped(said.reason or "")

    def play(self, audio: bytes) -> str:
        """A `playAudio` of at most 16 KB of base64. Raises ValueError for more than the chunk rule allows."""
        payload = b2a_base64(audio, newline=False)
        if len(payload) > LARGEST_PAYLOAD:
            raise ValueError(
                f"{len(audio)} bytes of audio are more than Plivo takes in one message"
            )
        return self._head + payload.decode("ascii") + TAIL

    def clear(self) -> str | None:
        """A `clearAudio`; marks on their way are cancelled. None before the stream has started."""
        if not self._id:
            return None
        self._cancelled = (self._cancelled + self._waiting)[-REMEMBERED_MARKS:]
        self._waiting.clear()
        return _write({"event": "clearAudio", "streamId": self._id})

    def mark(self, name: str) -> str | None:
        """A `checkpoint`. None before the stream has started."""
        if not self._id:
            return None
        self._waiting = [*self._waiting[1 - REMEMBERED_MARKS :], name]
        return _write({"event": "checkpoint", "streamId": self._id, "name": name})

    def send_digits(self, digits: str) -> str:
        """A `sendDTMF`."""
        return _write({"event": "sendDTMF", "dtmf": digits})

    _READERS: ClassVar[Mapping[type, Callable[[Any, Any], StreamEvent]]] = MappingProxyType(
        {
            messages.Start: _start,
            messages.Media: _media,
            messages.Dtmf: _dtmf,
            messages.Played: _played,
            messages.PlayedShort: _played,
            messages.Cleared: _cleared,
            messages.Fault: _failed,
            messages.PlayFault: _failed,
            messages.Stop: _stopped,
        }
    )


def _write(message: Mapping[str, str]) -> str:
    return msgspec.json.encode(message).decode()


def _format(said: messages.MediaFormat | None) -> tuple[str, int | None]:
    """The codec's name without its `;rate=`, and the rate."""
    if said is None:
        return "", None
    return said.encoding.partition(";")[0].strip().lower(), read_count(said.sample_rate)
