"""What Twilio would send to the server of a real account: signed with its token, sent by somebody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from linecard import StreamProfile
from linecard.simulator.wire import Request
from linecard_twilio.settings import TwilioSettings
from linecard_twilio.simulator.messages import BadMessage, Media, read_command
from linecard_twilio.simulator.quirks import Quirks
from linecard_twilio.simulator.signing import Signer
from linecard_twilio.simulator.streams import FORMAT
from linecard_twilio.simulator.switch import AGENT, SOCKET_AGENT

CALL, STREAM = f"CA{'0' * 32}", f"MZ{'0' * 32}"


class ImpersonatedTwilio:
    """A `linecard.simulator.impersonating.Impersonation`."""

    def __init__(self, settings: TwilioSettings) -> None:
        self._signer = Signer(settings.auth_token.values()[0], Quirks())
        self._sid = settings.account_sid
        self._count = 0

    def webhook(self, url: str) -> Request:
        """The question for an answer, a signed POST."""
        fields = (
            ("AccountSid", self._sid),
            ("CallSid", CALL),
            ("From", "+14155550100"),
            ("To", "+14155550101"),
            ("CallerName", "Zoë + Söhne & Co."),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
        )
        headers = {
            **self._signer.webhook("POST", url, fields),
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": AGENT,
        }
        return Request("POST", url, urlencode(fields).encode(), headers)

    def handshake(self, url: str) -> Mapping[str, str]:
        """Signed over the address as it is."""
        return {**self._signer.socket(url), "User-Agent": SOCKET_AGENT}

    def opening(self, profile: StreamProfile) -> Sequence[str]:
        """The `connected`, and the `start`: there is one format."""
        start = {
            "accountSid": self._sid,
            "streamSid": STREAM,
            "callSid": CALL,
            "tracks": ["inbound"],
            "mediaFormat": FORMAT,
            "customParameters": {},
        }
        connected = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        return (json.dumps(connected), self._text("start", start=start))

    def media(self, audio: bytes) -> str:
        """A `media` of the inbound track."""
        media = {
            "track": "inbound",
            "chunk": str(self._count),
            "timestamp": str(self._count * 20),
            "payload": base64.b64encode(audio).decode(),
        }
        return self._text("media", media=media)

    def heard(self, message: str | bytes) -> bytes:
        """The sound of a `media`."""
        try:
            command = read_command(message, STREAM)
        except BadMessage:
            return b""
        return command.audio if isinstance(command, Media) else b""

    def _text(self, event: str, **body: object) -> str:
        self._count += 1
        head = {"event": event, "sequenceNumber": str(self._count)}
        return json.dumps({**head, **body, "streamSid": STREAM}, separators=(",", ":"))
