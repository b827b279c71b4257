"""Whether Twilio signed a request: base64 of an HMAC over the address and the form's fields.

The classic scheme is HMAC-SHA1 with the auth token (Twilio: webhooks security). The vendor's SDK 9.13
adds HMAC-SHA256 with a shared key that a header names; that header is itself unsigned, so it may only
name a key of our own settings. The check is our own: the vendor's compares in variable time and
raises on some requests. Nothing here raises on what is sent.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, product
from urllib.parse import SplitResult, urlsplit, urlunsplit

from linecard import CarrierRequest, Pairs, Proof, RequestRefused
from linecard_twilio.settings import TwilioSettings

SIGNATURE = "x-twilio-signature"
SCHEME = "x-twilio-webhooks-signature-settings"
BODY_HASH = "bodySHA256"
LONGEST_HEADER = 512
SOCKET_SCHEMES = frozenset({"ws", "wss"})
DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
FORM = "application/x-www-form-urlencoded"
_PORT = re.compile(r":[0-9]*$")


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets that a request may be signed with, and how."""

    secrets: Sequence[str]
    digest: str


def prove(settings: TwilioSettings, account: str, request: CarrierRequest) -> Proof:
    """The proof of a webhook (POST or GET) or of a socket handshake (GET). Raises RequestRefused (403)."""
    is_socket = request.url.partition(":")[0] in SOCKET_SCHEMES
    if request.method not in (("GET",) if is_socket else ("GET", "POST")):
        raise RequestRefused(f"Twilio was never told to use {request.method[:10]!r} here")
    theirs = request.headers.get(SIGNATURE) or ""
    if not 0 < len(theirs) <= LONGEST_HEADER:
        raise RequestRefused("the request carries no Twilio signature")
    texts = signed_texts(request.url, _signed_fields(request), is_socket)
    if not _fits(_keys(settings, request), texts, theirs):
        raise RequestRefused(
            "the Twilio signature does not fit; check TWILIO_AUTH_TOKEN and the public address"
        )
    return Proof("signature", account, 3)


def _signed_fields(request: CarrierRequest) -> Pairs:
    """The fields that are signed beside the address: a form's. Any other body must have its hash there."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "GET" and not request.body:
        return ()
    if content_type == FORM and request.method == "POST":
        return request.pairs
    if request.body or request.pairs:
        _check_body(request)
    return ()


def _check_body(request: CarrierRequest) -> None:
    hashes = [value for name, value in request.query if name == BODY_HASH]
    if len(hashes) != 1:
        raise RequestRefused(f"the body is not signed: the address has no {BODY_HASH}")
    if not hmac.compare_digest(sha256(request.body).hexdigest().encode(), _bytes(hashes[0])):
        raise RequestRefused(f"the body does not fit the {BODY_HASH} of the address")


def _keys(settings: TwilioSettings, request: CarrierRequest) -> Keys:
    """Which secrets count: the auth tokens, or the one shared key that the header names."""
    header = request.headers.get(SCHEME) or ""
    if not header.strip():
        return Keys(settings.auth_token.values(), "sha1")
    said = _scheme(header)
    secret = settings.keys.get(said.get("key", ""))
    if secret is None or said.get("algorithm") != "HMAC_SHA256":
        raise RequestRefused(
            "the request names a signature scheme that is not configured; see TWILIO_SHARED_KEYS"
        )
    return Keys((secret,), "sha256")


def _scheme(header: str) -> dict[str, str]:
    """`key=NAME,algorithm=NAME`; nothing where it is too long or says a thing twice."""
    if len(header) > LONGEST_HEADER:
        return {}
    parts = [part.partition("=") for part in header.split(",")]
    said = {name.strip(): value.strip() for name, _, value in parts}
    return said if len(said) == len(parts) else {}


def signed_texts(url: str, fields: Pairs, is_socket: bool = False) -> tuple[bytes, ...]:
    """What may have been signed: the address as it stands, and with or without its port.

    A socket's address counts with and without a slash at its end, too.
    """
    urls = _with_and_without_port(url)
    if is_socket:
        urls = [*urls, *(_other_end(one) for one in urls)]
    said = "".join(
        name + value
        for name, group in groupby(sorted(set(fields)), key=lambda pair: pair[0])
        for _, value in group
    )
    return tuple(_bytes(one + said) for one in dict.fromkeys(urls))


def _with_and_without_port(url: str) -> list[str]:
    """Twilio is not consistent about ports (its SDK's validator tries both)."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 80)
    except ValueError:
        return [url]
    bare = _PORT.sub("", parts.netloc)
    return [url, *(_at(parts, netloc) for netloc in (bare, f"{bare}:{port}"))]


def _at(parts: SplitResult, netloc: str) -> str:
    return urlunsplit(parts._replace(netloc=netloc))


def _other_end(url: str) -> str:
    return url[:-1] if url.endswith("/") else f"{url}/"


def sign(secret: str, text: bytes, digest: str = "sha1") -> bytes:
    """The signature of one of `signed_texts`."""
    return b64encode(hmac.digest(_bytes(secret), text, digest))


def _fits(keys: Keys, texts: Iterable[bytes], theirs: str) -> bool:
    """Whether the signature is ours. Every candidate is compared, in constant time."""
    given = _bytes(theirs)
    ours = [sign(secret, text, keys.digest) for secret, text in product(keys.secrets, texts)]
    return sum(hmac.compare_digest(one, given) for one in ours) > 0


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
