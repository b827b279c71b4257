"""What Plivo would send to the server of a real account: signed with its token, sent by somebody else."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from linecard import Encoding, StreamProfile
from linecard.simulator.wire import Request
from linecard_plivo.settings import PlivoSettings
from linecard_plivo.simulator.identity import Ids
from linecard_plivo.simulator.messages import BadMessage, MediaType, PlayAudio, read_command
from linecard_plivo.simulator.signing import Signer
from linecard_plivo.simulator.switch import AGENT

FIELDS = (
    ("CallUUID", "00000000-0000-4000-8000-000000000000"),
    ("From", "14155550100"),
    ("To", "14155550101"),
    ("CallerName", "Zoë + Söhne & Co."),
    ("CallStatus", "ringing"),
    ("Direction", "inbound"),
    ("Event", "StartApp"),
)
NAMES = {Encoding.L16: "audio/x-l16", Encoding.PCMU: "audio/x-mulaw"}


class ImpersonatedPlivo:
    """A `linecard.simulator.impersonating.Impersonation`."""

    def __init__(self, settings: PlivoSettings) -> None:
        self._ids = Ids(secrets.randbits(64))
        self._signer = Signer(settings.rest_token, self._ids)
        self._auth_id = settings.auth_id
        self._stream = self._ids.uuid()
        self._media = MediaType(NAMES[Encoding.L16], 8000)
        self._count = 0

    def webhook(self, url: str) -> Request:
        """The question for an answer, a signed POST."""
        headers = {
            **self._signer.webhook("POST", url, FIELDS),
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": AGENT,
        }
        return Request("POST", url, urlencode(FIELDS).encode(), headers)

    def handshake(self, url: str) -> Mapping[str, str]:
        """Signed as a GET."""
        return {**self._signer.socket(url), "User-Agent": AGENT}

    def opening(self, profile: StreamProfile) -> Sequence[str]:
        """The `start`."""
        audio = profile.format.inbound
        self._media = MediaType(NAMES[audio.encoding], audio.rate)
        start = {
            "callId": FIELDS[0][1],
            "streamId": self._stream,
            "accountId": self._auth_id,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": self._media.encoding, "sampleRate": self._media.rate},
        }
        return (self._text({"event": "start", "start": start}),)

    def media(self, audio: bytes) -> str:
        """A `media` of the inbound track."""
        media = {
            "track": "inbound",
            "timestamp": str(round(time.time() * 1000)),
            "chunk": self._count,
            "payload": base64.b64encode(audio).decode(),
        }
        return self._text({"event": "media", "streamId": self._stream, "media": media})

    def heard(self, message: str | bytes) -> bytes:
        """The sound of a `playAudio`."""
        try:
            command = read_command(message, self._stream, self._media)
        except BadMessage:
            return b""
        return command.audio if isinstance(command, PlayAudio) else b""

    def _text(self, message: Mapping[str, object]) -> str:
        self._count += 1
        return json.dumps({**message, "sequenceNumber": self._count}, separators=(",", ":"))
