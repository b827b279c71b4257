"""The shapes of Exotel's media messages (Exotel: stream and Voicebot applets).

Keys come in snake_case, and in camelCase in Exotel's own samples; numbers come as numbers or texts.
What we do not read is not declared, so that its many shapes (custom_parameters above all) can break
nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec


class MediaFormat(msgspec.Struct):
    """The codec in unsteady words: a confirmation, not a choice."""

    encoding: Any = None
    sample_rate: Any = None
    sampleRate: Any = None  # noqa: N815
    bit_rate: Any = None
    bitRate: Any = None  # noqa: N815


class Beginning(msgspec.Struct):
    """The inside of `start`."""

    stream_sid: Any = None
    streamSid: Any = None  # noqa: N815
    call_sid: Any = None
    callSid: Any = None  # noqa: N815
    account_sid: Any = None
    accountSid: Any = None  # noqa: N815
    media_format: MediaFormat | None = None
    mediaFormat: MediaFormat | None = None  # noqa: N815


class Audio(msgspec.Struct):
    """The inside of `media`; base64 is decoded in the same step."""

    payload: bytes
    chunk: Any = None


class Key(msgspec.Struct):
    """The inside of `dtmf`."""

    digit: Any = None


class Name(msgspec.Struct):
    """The inside of `mark`."""

    name: str


class Reason(msgspec.Struct):
    """The inside of `stop`: `stopped` (the applet has ended) or `callended` (the caller hung up)."""

    reason: Any = None


class Connected(msgspec.Struct, tag_field="event", tag="connected"):
    """The socket is open; it says nothing else."""


class OfStream(msgspec.Struct, tag_field="event", kw_only=True):
    """What every message after `connected` has."""

    stream_sid: Any = None
    streamSid: Any = None  # noqa: N815


class Start(OfStream, tag="start", kw_only=True):
    """The opening message."""

    start: Beginning


class Media(OfStream, tag="media", kw_only=True):
    """Some of the caller's audio, silence included; of any size."""

    media: Audio


class Dtmf(OfStream, tag="dtmf", kw_only=True):
    """A key."""

    dtmf: Key


class Mark(OfStream, tag="mark", kw_only=True):
    """Everything before a mark has been played."""

    mark: Name


class Clear(OfStream, tag="clear", kw_only=True):
    """Nobody documents an answer to a clear; one would say that the buffer is empty."""


class Stop(OfStream, tag="stop", kw_only=True):
    """The stream ends; the socket's close is still the only certain end."""

    stop: Reason | None = None


Message = Connected | Start | Media | Dtmf | Mark | Clear | Stop
decode = msgspec.json.Decoder(Message).decode
