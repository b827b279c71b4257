"""Exotel's media socket, both directions, without I/O: JSON text frames.

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
    StreamProfile,
    StreamStarted,
    StreamStopped,
    read_count,
)
from linecard_exotel import messages
from linecard_exotel.codecs import encoding_of, rate_of
from linecard_exotel.facts import LARGEST_CHUNK

KEYS = frozenset("0123456789*#ABCD")
REMEMBERED_MARKS = 256
LONGEST_ID = 256


class ExotelStream:
    """One connection. It knows the stream's id, its codec, and which marks our own clear has cancelled."""

    def __init__(self, profile: StreamProfile, account_sid: str) -> None:
        self._account_sid = account_sid
        self._id = ""
        self._head = self._tail = ""
        self._chunk = self._played_ms = 0
        self._use(profile.format.inbound)
        self._waiting: list[str] = []
        self._cancelled: list[str] = []

    def _use(self, audio: AudioFormat) -> None:
        self._declared = audio
        self._sample_bytes = audio.sample_bytes
        self._bytes_per_ms = audio.rate * audio.sample_bytes // 1000

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What Exotel's message means; a binary frame is none of Exotel's."""
        if isinstance(message, bytes):
            return (MessageDropped("binary message"),)
        try:
            said = messages.decode(message)
        except (ValueError, RecursionError):
            return (MessageDropped("unreadable message"),)
        if type(said) is messages.Media and said.stream_sid == self._id != "":
            return (self._media(said),)
        if isinstance(said, messages.Connected):
            return ()
        if not self._is_ours(said):
            return (MessageDropped("another stream" if self._id else "before start"),)
        return (self._READERS[type(said)](self, said),)

    def _is_ours(self, said: messages.OfStream) -> bool:
        if isinstance(said, messages.Start):
            return True
        return bool(self._id) and (_id(said.stream_sid, said.streamSid) or self._id) == self._id

    def _start(self, said: messages.Start) -> StreamEvent:
        begun = said.start
        stream = _id(begun.stream_sid, begun.streamSid, said.stream_sid, said.streamSid)
        call = _id(begun.call_sid, begun.callSid)
        if self._id:
            return MessageDropped("second start")
        if not stream or not call:
            return MessageDropped("start without its ids")
        if _id(begun.account_sid, begun.accountSid) != self._account_sid:
            # The one place where Exotel names the account at all.
            return MessageDropped("start of another account")
        encoding, rate = _format(begun.media_format or begun.mediaFormat)
        declared = self._declared
        self._use(AudioFormat(encoding or declared.encoding, rate or declared.rate))
        self._open(stream)
        return StreamStarted(
            stream=stream,
            carrier_ids={"call_sid": call},
            encoding=encoding.value if encoding else None,
            rate=rate,
        )

    def _open(self, stream: str) -> None:
        self._id = stream
        self._head = f'{{"event":"media","stream_sid":{_quoted(stream)},"sequence_number":"'
        self._tail = '"}}'

    def _media(self, said: messages.Media) -> StreamEvent:
        audio = said.media
        if not audio.payload:
            return MessageDropped("no audio")
        if len(audio.payload) % self._sample_bytes:
            return MessageDropped("half a sample")
        return MediaReceived(audio.payload, read_count(audio.chunk))

    def _dtmf(self, said: messages.Dtmf) -> StreamEvent:
        digit = str(said.dtmf.digit).strip('"').upper()
        return DigitReceived(digit) if digit in KEYS else MessageDropped("not a key")

    def _mark_played(self, said: messages.Mark) -> StreamEvent:
        """Whether a clear hands marks back, Exotel does not say: one that it cancelled was not heard."""
        name = said.mark.name
        if name in self._cancelled:
            self._cancelled.remove(name)
            return MessageDropped("stale mark")
        if name in self._waiting:
            self._waiting.remove(name)
        return MarkPlayed(name)

    def _cleared(self, _said: messages.Clear) -> StreamEvent:
        return BufferCleared()

    def _stopped(self, said: messages.Stop) -> StreamEvent:
        return StreamStopped(_id(said.stop.reason) if said.stop else "")

    def play(self, audio: bytes) -> str:
        """A `media` message. Raises ValueError for more than Exotel takes in one.

        Chunk, timestamp and sequence number cost nothing, and Exotel's own sample says that some
        streams end early without them.
        """
        if len(audio) > LARGEST_CHUNK:
            raise ValueError(
                f"{len(audio)} bytes of audio are more than Exotel takes in one message"
            )
        self._chunk += 1
        count, at = self._chunk, self._played_ms
        self._played_ms += len(audio) // self._bytes_per_ms
        payload = b2a_base64(audio, newline=False).decode("ascii")
        return (
            f'{self._head}{count}","media":{{"chunk":"{count}","timestamp":"{at}","payload":"'
            f"{payload}{self._tail}"
        )

    def clear(self) -> str | None:
        """A `clear`; marks on their way are cancelled. None before the stream has started."""
        if not self._id:
            return None
        self._cancelled = (self._cancelled + self._waiting)[-REMEMBERED_MARKS:]
        self._waiting.clear()
        return _write({"event": "clear", "stream_sid": self._id})

    def mark(self, name: str) -> str | None:
        """A `mark`. None before the stream has started."""
        if not self._id:
            return None
        self._waiting = [*self._waiting[1 - REMEMBERED_MARKS :], name]
        return _write({"event": "mark", "stream_sid": self._id, "mark": {"name": name}})

    def send_digits(self, digits: str) -> str | None:
        """Exotel's socket presses no keys."""
        return None

    _READERS: ClassVar[Mapping[type, Callable[[Any, Any], StreamEvent]]] = MappingProxyType(
        {
            messages.Start: _start,
            messages.Media: _media,
            messages.Dtmf: _dtmf,
            messages.Mark: _mark_played,
            messages.Clear: _cleared,
            messages.Stop: _stopped,
        }
    )


def _write(message: Mapping[str, object]) -> str:
    return msgspec.json.encode(message).decode()


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _id(*candidates: object) -> str:
    """The first of these that is a short text; empty where none is."""
    texts = (one for one in candidates if isinstance(one, str) and 0 < len(one) <= LONGEST_ID)
    return next(texts, "")


def _format(said: messages.MediaFormat | None) -> tuple[Encoding | None, int | None]:
    """Codec and rate as far as the opening message is clear about them."""
    if said is None:
        return None, None
    rate = rate_of(said.sample_rate if said.sample_rate is not None else said.sampleRate)
    bits = said.bit_rate if said.bit_rate is not None else said.bitRate
    return encoding_of(said.encoding, bits, rate), rate
