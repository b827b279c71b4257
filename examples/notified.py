"""What a receiver of notifications does first: see whether one is genuine. Needs nothing but Python."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a request was signed by the server of this secret (`whsec_...`), and not long ago."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    head = f"{headers['webhook-id']}.{headers['webhook-timestamp']}."
    digest = hmac.new(key, head.encode() + body, hashlib.sha256).digest()
    ours = "v1," + base64.b64encode(digest).decode()
    fits = [hmac.compare_digest(ours, one) for one in headers["webhook-signature"].split(" ")]
    age = time.time() - int(headers["webhook-timestamp"])
    return any(fits) and abs(age) < 300
