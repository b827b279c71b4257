"""Whether Plivo signed a request: V3 over the address and the fields, V2 over the address alone.

Base64 of HMAC-SHA256 with the auth token (Plivo: validating requests). The check is our own: the
vendor's compares in variable time and raises on some addresses. Nothing here raises on what is sent.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from urllib.parse import parse_qsl, urlparse

from linecard import CarrierRequest, Pairs, Proof, RequestRefused
from linecard_plivo.settings import PlivoSettings

LONGEST_HEADER = 512
MOST_SIGNATURES = 8
SOCKET_SCHEMES = ("ws", "wss")
SOCKET_SIGNED_AS = ("http", "https", "wss")
"""Live calls showed a handshake signed as http; the others cost nothing, since host and path are ours."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The headers of a way to sign: by the owner of the number, and by the main account."""

    own: str
    main: str
    nonce: str


V3 = Scheme("x-plivo-signature-v3", "x-plivo-signature-ma-v3", "x-plivo-signature-v3-nonce")
V2 = Scheme("x-plivo-signature-v2", "x-plivo-signature-ma-v2", "x-plivo-signature-v2-nonce")


def prove(settings: PlivoSettings, account: str, request: CarrierRequest) -> Proof:
    """The proof of a webhook (POST) or of a socket handshake (GET). Raises RequestRefused (403)."""
    is_socket = _scheme(request.url) in SOCKET_SCHEMES
    if request.method != ("GET" if is_socket else "POST"):
        raise RequestRefused(f"Plivo was not told to use {request.method} here")
    if _fits(V3, settings, request.headers, _v3_texts(request, is_socket)):
        return Proof("signature", account, 3)
    if settings.verify_v2 and not is_socket:
        if _fits(V2, settings, request.headers, v2_texts(request.url)):
            return Proof("signature", account, 1)
    if not _header(request.headers, V3.nonce):
        raise RequestRefused("the request carries no Plivo V3 signature")
    raise RequestRefused(
        "the Plivo signature does not fit; check PLIVO_AUTH_TOKEN and the public address"
    )


def v3_texts(method: str, url: str, fields: Pairs) -> tuple[bytes, ...]:
    """What V3 signs, without the nonce: several readings of non-ASCII text, since SDKs differ."""
    address, query = _split(url)
    if address is None:
        return ()
    if method == "GET":
        names = {name for name, _ in query}
        query = [*query, *((name, value) for name, value in fields if name not in names)]
        fields = ()
    readings = (
        _v3_text(address, query, fields, in_query, in_body)
        for in_query, in_body in product((_once, _twice), repeat=2)
    )
    return tuple(dict.fromkeys(readings))


def v2_texts(url: str) -> tuple[bytes, ...]:
    """What V2 signs, without the nonce: neither the query nor the fields."""
    address, _ = _split(url)
    return () if address is None else (_once(address),)


def sign_v3(token: str, text: bytes, nonce: str) -> bytes:
    """The V3 signature of one text."""
    return _mac(token, text + b"." + _once(nonce))


def sign_v2(token: str, text: bytes, nonce: str) -> bytes:
    """The V2 signature of one text."""
    return _mac(token, text + _once(nonce))


def _v3_texts(request: CarrierRequest, is_socket: bool) -> tuple[bytes, ...]:
    if not is_socket:
        return v3_texts(request.method, request.url, request.pairs)
    _, colon, rest = request.url.partition(":")
    addresses = [scheme + colon + rest for scheme in SOCKET_SIGNED_AS]
    return tuple(text for address in addresses for text in v3_texts("GET", address, ()))


def _v3_text(
    address: str, query: Sequence[tuple[str, str]], fields: Pairs, in_query: object, in_body: object
) -> bytes:
    raise NotImplementedError
