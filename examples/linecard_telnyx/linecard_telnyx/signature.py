"""Ed25519 over `{timestamp}|` and the raw body; the address is not signed, so our own token stands beside it."""

from __future__ import annotations

from base64 import b64decode

from linecard import CarrierRequest, Proof, RequestRefused
from linecard_telnyx.settings import TelnyxSettings

OLDEST_SECONDS = 300


def prove(settings: TelnyxSettings, account: str, request: CarrierRequest) -> Proof:
    """How a webhook is proved. Raises RequestRefused.

    Telnyx does not sign the handshake of a media socket: what proves it is the token in its path,
    which core has checked.
    """
    if request.url.startswith("ws"):
        return Proof("token", account, 1)
    if request.method != "POST":
        raise RequestRefused("Telnyx posts its webhooks")
    stamp = request.headers.get("telnyx-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        raise RequestRefused("the signature has no timestamp")
    if abs(request.received_at.timestamp() - int(stamp)) > OLDEST_SECONDS:
        raise RequestRefused(f"the signature is more than {OLDEST_SECONDS} seconds old, or early")
    given = _decoded(request.headers.get("telnyx-signature-ed25519", ""))
    signed = stamp.encode() + b"|" + request.body
    if not any(_fits(key, given, signed) for key in settings.public_keys):
        raise RequestRefused("the signature does not fit")
    return Proof("signature", account, 3)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _fits(key: bytes, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
