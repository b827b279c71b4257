"""What Exotel would send to the server of a real account: unsigned, with Basic auth where that is set."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from linecard import Encoding, StreamProfile
from linecard.simulator.wire import Request
from linecard_exotel.settings import ExotelSettings
from linecard_exotel.simulator.messages import BadMessage, PlayChunk, chunk_fault, read_command
from linecard_exotel.simulator.quirks import Quirks
from linecard_exotel.simulator.shapes import MEDIA_FORMATS, write_message
from linecard_exotel.simulator.switch import AGENT

CALL, STREAM = "0" * 32, "1" * 32
FIELDS = (
    ("CallSid", CALL),
    ("CallFrom", "09000000000"),
    ("CallTo", "08000000000"),
    ("Direction", "incoming"),
    ("Created", "Thu, 01 Jan 1970 05:30:00"),
    ("From", "+919000000000"),
    ("CurrentTime", "1970-01-01 05:30:00"),
)
NAMES = {Encoding.L16: "audio/x-raw", Encoding.PCMU: "audio/x-mulaw"}


class ImpersonatedExotel:
    """A `linecard.simulator.impersonating.Impersonation`."""

    def __init__(self, settings: ExotelSettings) -> None:
        self._sid = settings.sid
        self._headers = {"User-Agent": AGENT}
        if settings.webhook_authorizations:
            self._headers["Authorization"] = settings.webhook_authorizations[0]
        self._count = 0

    def webhook(self, url: str) -> Request:
        """The GET of an applet, its fields behind our own query."""
        return Request("GET", f"{url}&{urlencode(FIELDS)}", b"", dict(self._headers))

    def handshake(self, url: str) -> Mapping[str, str]:
        """The user and password that the address was pasted with."""
        return dict(self._headers)

    def opening(self, profile: StreamProfile) -> Sequence[str]:
        """The `connected` and the `start`."""
        audio = profile.format.inbound
        start = {
            "stream_sid": STREAM,
            "call_sid": CALL,
            "account_sid": self._sid,
            "from": "09000000000",
            "to": "08000000000",
            "custom_parameters": {},
            "media_format": MEDIA_FORMATS[NAMES[audio.encoding]](audio.rate),
        }
        return self._text({"event": "connected"}), self._text({"event": "start", "start": start})

    def media(self, audio: bytes) -> str:
        """A `media`."""
        media = {
            "chunk": self._count,
            "timestamp": str(self._count * 100),
            "payload": base64.b64encode(audio).decode(),
        }
        return self._text({"event": "media", "media": media})

    def heard(self, message: str | bytes) -> bytes:
        """The sound of a `media` whose size is within the rules."""
        try:
            command = read_command(message, STREAM)
        except BadMessage:
            return b""
        is_played = isinstance(command, PlayChunk) and chunk_fault(command.audio) is None
        return command.audio if is_played and isinstance(command, PlayChunk) else b""

    def _text(self, message: dict[str, object]) -> str:
        self._count += 1
        whole = {**message, "sequence_number": self._count, "stream_sid": STREAM}
        return write_message(whole, Quirks())
