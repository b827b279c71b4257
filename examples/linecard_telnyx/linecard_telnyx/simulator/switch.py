"""What the parts of the simulated Telnyx share, and its webhooks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from linecard import Encoding
from linecard.simulator.courier import Webhook
from linecard.simulator.machinery import Machinery
from linecard.simulator.overrides import Policy
from linecard_telnyx.simulator.legs import Leg
from linecard_telnyx.simulator.recordings import Recording

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.simulator.playback import Playback

AGENT = "telnyx-webhooks"
TRY_AGAIN = Policy(read=10.0, retries=2, retry_on=frozenset({"ct", "rt", "4xx", "5xx"}))
JSON = "application/json"
API_KEY = "KEY0123456789ABCDEF_simulated"
CONNECTION = "1494404757140276705"


class Switch(Machinery):
    """The machinery of one carrier with one account, and how it behaves.

    `encoding` is the telephone network's codec; one frame in `shuffled` overtakes the one before it
    (0: none); links to recordings are good for `link_seconds`; `stops_first`: the end of a stream is
    told before the end of its call, and not after it.
    """

    def __init__(self, clock: Clock, seed: int, public_url: str) -> None:
        super().__init__(clock, seed, sign=lambda *_: {}, policy=TRY_AGAIN, agent=AGENT)
        self.encoding = Encoding.PCMA
        self.shuffled = 7
        self.link_seconds = 600.0
        self.stops_first = False
        self.webhook_url = f"{public_url}/telnyx/answer"
        self.url = ""
        self.legs: dict[str, Leg] = {}
        self.playbacks: dict[str, list[Playback]] = {}
        self.recordings: dict[str, Recording] = {}
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        """The portal's public key: base64 of 32 bytes."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, body: bytes) -> Mapping[str, str]:
        """Headers over a raw body, with the time of day."""
        stamp = str(int(time.time()))
        signature = self._key.sign(stamp.encode() + b"|" + body)
        return {
            "telnyx-timestamp": stamp,
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        }

    def tell(self, leg: Leg, event: str, **payload: object) -> None:
        """Send a webhook of a leg, in the background: no order is promised."""
        url = leg.webhook_urls.get(event, leg.webhook_url)
        state = {"client_state": leg.client_state} if leg.client_state else {}
        whole = {**leg.ids(), "connection_id": CONNECTION, **state, **payload}
        data = {
            "record_type": "event",
            "event_type": event,
            "id": str(uuid4()),
            "occurred_at": iso(self.clock.unix()),
            "payload": whole,
        }
        body = json.dumps({"data": data, "meta": {"attempt": 1, "delivered_to": url}}).encode()
        self.courier.tell(
            Webhook(
                url=url,
                fields=(),
                kind=event,
                call=leg.call,
                proof=tuple(self.sign(body).items()),
                encode=lambda _: (body, JSON),
            )
        )


def iso(moment: float) -> str:
    """A Unix time in ISO 8601."""
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
