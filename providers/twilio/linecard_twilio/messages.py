"""The shapes of Twilio's media messages (Twilio: media streams, WebSocket messages).

What we do not read is not declared, so that its many shapes can break nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class MediaFormat(msgspec.Struct, rename="camel"):
    """The codec as the stream really has it; documented is mu-law at 8 kHz alone."""

    encoding: str = ""
    sample_rate: int | float | str | None = None


class Beginning(msgspec.Struct, rename="camel"):
    """The inside of `start`."""

    account_sid: str
    call_sid: Id
    stream_sid: Id
    media_format: MediaFormat | None = None


class Audio(msgspec.Struct):
    """The inside of `media`; base64 is decoded in the same step."""

    payload: bytes
    track: str = "inbound"
    chunk: Any = None
    """Counts the audio alone; `sequenceNumber` counts keys and marks too."""


class Key(msgspec.Struct):
    """The inside of `dtmf`."""

    digit: str


class Named(msgspec.Struct):
    """The inside of `mark`."""

    name: str


class Connected(msgspec.Struct, tag_field="event", tag="connected"):
    """The socket is there; says nothing else of use."""


class OfStream(msgspec.Struct, tag_field="event", rename="camel", kw_only=True):
    """What every later message has."""

    stream_sid: str = ""


class Start(OfStream, tag="start", kw_only=True):
    """What the stream is and whose."""

    start: Beginning


class Media(OfStream, tag="media", kw_only=True):
    """20 ms of the caller, as a rule."""

    media: Audio


class Dtmf(OfStream, tag="dtmf", kw_only=True):
    """A key."""

    dtmf: Key


class Mark(OfStream, tag="mark", kw_only=True):
    """A mark was reached, or thrown away by our clear."""

    mark: Named


class Stop(OfStream, tag="stop", kw_only=True):
    """The stream ends: with the call, or by a transfer."""


Message = Connected | Start | Media | Dtmf | Mark | Stop
decode = msgspec.json.Decoder(Message).decode
