"""X-Twilio-Signature: HMAC over the address and the sorted form, as the reference has it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard_twilio.simulator.quirks import Quirks

Fields = tuple[tuple[str, str], ...]
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"


class Signer:
    """Signs what one account sends: with SHA-1 and the auth token, or with a shared key and SHA-256."""

    def __init__(self, auth_token: str, quirks: Quirks) -> None:
        self._token = auth_token
        self._quirks = quirks

    def webhook(self, method: str, url: str, fields: Fields) -> Mapping[str, str]:
        """Headers of a webhook; the fields of a GET are in its address already."""
        return self._headers(signed_text(url, () if method == "GET" else fields))

    def socket(self, url: str) -> Mapping[str, str]:
        """Headers of a media socket's handshake: over its address as the document has it."""
        return self._headers(f"{url}/" if self._quirks.signs_with_slash else url)

    def _headers(self, text: str) -> dict[str, str]:
        if self._quirks.shared_key is None:
            return {"X-Twilio-Signature": _mac(self._token, text, "sha1")}
        name, secret = self._quirks.shared_key
        return {
            "X-Twilio-Signature": _mac(secret, text, "sha256"),
            SETTINGS: f"key={name},algorithm=HMAC_SHA256",
        }


def signed_text(url: str, fields: Fields) -> str:
    """The address, then every name with its values: sorted, each value once."""
    values: dict[str, set[str]] = {}
    for name, value in fields:
        values.setdefault(name, set()).add(value)
    return url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))


def _mac(secret: str, text: str, algorithm: str) -> str:
    digest = hmac.new(secret.encode(), text.encode(), algorithm).digest()
    return base64.b64encode(digest).decode()
