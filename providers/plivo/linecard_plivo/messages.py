"""The shapes of Plivo's media messages (Plivo: audio streaming reference).

What we do not read is not declared, so that its many shapes (extra_headers, timestamp) can break
nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Count = int | float | str | None
"""Plivo writes numbers as numbers or as strings."""


class MediaFormat(msgspec.Struct, rename="camel"):
    """The codec as the stream really has it."""

    encoding: str = ""
    sample_rate: Count = None


class Beginning(msgspec.Struct, rename="camel"):
    """The inside of `start`; there alone the stream's id stands inside."""

    call_id: Id
    stream_id: Id
    media_format: MediaFormat | None = None


class Audio(msgspec.Struct):
    """The inside of `media`; base64 is decoded in the same step."""

    payload: bytes
    track: str = "inbound"
    chunk: Any = None
    """Counts the audio alone; `sequenceNumber` counts keys and checkpoints too."""


class Key(msgspec.Struct):
    """The inside of `dtmf`."""

    digit: str


class Start(msgspec.Struct, tag_field="event", tag="start"):
    """The first message."""

    start: Beginning


class OfStream(msgspec.Struct, tag_field="event", rename="camel", kw_only=True):
    """What every later message has."""

    stream_id: str = ""


class Media(OfStream, tag="media", kw_only=True):
    """20 ms of the caller, as a rule."""

    media: Audio


class Dtmf(OfStream, tag="dtmf", kw_only=True):
    """A key."""

    dtmf: Key


class Played(OfStream, tag="playedStream", kw_only=True):
    """A checkpoint was reached."""

    name: str


class PlayedShort(Played, tag="played", kw_only=True):
    """The same in the words of Plivo's FAQ."""


class Cleared(OfStream, tag="clearedAudio", kw_only=True):
    """The buffer is empty."""


class Fault(OfStream, tag="error", kw_only=True):
    """Something is wrong, such as `buffer_overflow`."""

    reason: str | None = None


class PlayFault(Fault, tag="playFailed", kw_only=True):
    """Audio could not be played."""


class Stop(OfStream, tag="stop", kw_only=True):
    """The stream ends; the socket's close is still the only certain end."""

    reason: str | None = None


Message = Start | Media | Dtmf | Played | PlayedShort | Cleared | Fault | PlayFault | Stop
decode = msgspec.json.Decoder(Message).decode
