"""Signatures in the form of Standard Webhooks (standardwebhooks.com, version 1.0.0).

A receiver verifies HMAC-SHA256 over `id.timestamp.body`. While a secret is changed, a notification is
signed with both, so that receivers may change when they like.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.settings import Secret

PREFIX = "whsec_"
PURPOSE = b"linecard notifications"


def shown_secrets(own: Secret | None, server: Secret) -> tuple[str, ...]:
    """The live secrets as receivers are given them, `whsec_...`: those that were set, else derived ones."""
    return own.values() if own else tuple(_derived(value) for value in server.values())


def new_secret() -> str:
    """A fresh one."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _derived(secret: str) -> str:
    key = hmac.new(secret.encode(), PURPOSE, sha256).digest()
    return PREFIX + base64.b64encode(key).decode()


def read_secret(text: str) -> bytes:
    """The key in a receiver's secret. Raises ValueError when it is not in the form of the standard."""
    if not text.startswith(PREFIX):
        raise ValueError(f"must begin with {PREFIX}")
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError(f"must be Base64 behind {PREFIX}: {error}") from error


def signed_headers(live: Sequence[str], id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers of a notification, signed with every live secret; `timestamp` is the Unix time of this delivery."""
    content = f"{id}.{timestamp}.".encode() + body
    digests = [hmac.new(read_secret(one), content, sha256).digest() for one in live]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }
