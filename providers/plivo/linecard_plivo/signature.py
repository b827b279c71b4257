"""Whether Plivo signed a request: V3 over the address and the fields, V2 over the address alone.

Base64 of HMAC-SHA256 with the auth token (Plivo: validating requests). The check is our own: the
vendor's compares in variable time and raises on some addresses. Nothing here raises on what is sent.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from urllib.parse import parse_qsl, urlparse

from linecard import CarrierRequest, Pairs, Proof, RequestRefused
from linecard_plivo.settings import PlivoSettings

LONGEST_HEADER = 512
MOST_SIGNATURES = 8
SOCKET_SCHEMES = frozenset({"ws", "wss"})
SOCKET_SIGNED_AS = ("http", "https", "wss")
"""Live calls showed a handshake signed as http; the others cost nothing: host and path are ours."""

Encode = Callable[[str], bytes]
Sign = Callable[[str, bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign, and its headers: by the owner of the number, and by the main account."""

    own: str
    main: str
    nonce: str
    sign: Sign


def _mac(token: str, text: bytes) -> bytes:
    return b64encode(hmac.digest(_once(token), text, "sha256"))


def sign_v3(token: str, text: bytes, nonce: str) -> bytes:
    """The V3 signature of one of `v3_texts`."""
    return _mac(token, text + b"." + _once(nonce))


def sign_v2(token: str, text: bytes, nonce: str) -> bytes:
    """The V2 signature of one of `v2_texts`."""
    return _mac(token, text + _once(nonce))


V3 = Scheme(
    "x-plivo-signature-v3", "x-plivo-signature-ma-v3", "x-plivo-signature-v3-nonce", sign_v3
)
V2 = Scheme(
    "x-plivo-signature-v2", "x-plivo-signature-ma-v2", "x-plivo-signature-v2-nonce", sign_v2
)


def prove(settings: PlivoSettings, account: str, request: CarrierRequest) -> Proof:
    """The proof of a webhook (POST) or of a socket handshake (GET). Raises RequestRefused (403)."""
    is_socket = request.url.partition(":")[0] in SOCKET_SCHEMES
    if request.method != ("GET" if is_socket else "POST"):
        raise RequestRefused(f"Plivo was never told to use {request.method[:10]!r} here")
    if _fits(V3, settings, request.headers, _texts(request, is_socket)):
        return Proof("signature", account, 3)
    takes_v2 = settings.verify_v2 and not is_socket
    if takes_v2 and _fits(V2, settings, request.headers, v2_texts(request.url)):
        return Proof("signature", account, 1)
    if V3.nonce not in request.headers:
        raise RequestRefused("the request carries no Plivo V3 signature")
    raise RequestRefused(
        "the Plivo signature does not fit; check PLIVO_AUTH_TOKEN and the public address"
    )


def _texts(request: CarrierRequest, is_socket: bool) -> tuple[bytes, ...]:
    if not is_socket:
        return v3_texts(request.method, request.url, request.pairs)
    rest = request.url.partition(":")[2]
    urls = [f"{scheme}:{rest}" for scheme in SOCKET_SIGNED_AS]
    return tuple(text for url in urls for text in v3_texts("GET", url, ()))


def v3_texts(method: str, url: str, fields: Pairs) -> tuple[bytes, ...]:
    """What V3 signs, without the nonce: one text, or the readings of one with non-ASCII characters.

    Plivo's own SDKs differ there: UTF-8 once, or once more over the first.
    """
    address, query = _split(url)
    if method == "GET":
        named = {name for name, _ in query}
        query = [*query, *(pair for pair in fields if pair[0] not in named)]
        fields = ()
    plain = _v3_text(address, query, fields, _once, _once)
    if plain.isascii():
        return (plain,)
    readings: Iterable[tuple[Encode, Encode]] = product((_once, _twice), (_once, _twice))
    texts = (_v3_text(address, query, fields, *encoders) for encoders in readings)
    return tuple(dict.fromkeys(texts))


def v2_texts(url: str) -> tuple[bytes, ...]:
    """What V2 signs, without the nonce: neither the query nor the fields."""
    return (_once(_split(url)[0]),)


def _v3_text(
    address: str,
    query: Sequence[tuple[str, str]],
    fields: Pairs,
    in_query: Encode,
    in_fields: Encode,
) -> bytes:
    asked = in_query("&".join(f"{name}={value}" for name, value in sorted(query)))
    if not fields:
        return _once(address) + (b"?" + asked if query else b"")
    said = in_fields("".join(name + value for name, value in sorted(fields)))
    return _once(address) + b"?" + asked + (b"." if query else b"") + said


@lru_cache(256)
def _split(url: str) -> tuple[str, Sequence[tuple[str, str]]]:
    """The address without query, and the query's fields; as it stands where it is no address.

    Every new call asks at the same address.
    """
    try:
        parts = urlparse(url)
    except ValueError:
        return url, ()
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return f"{parts.scheme}://{parts.netloc}{parts.path}", query


def _once(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _twice(text: str) -> bytes:
    return _once(_once(text).decode("latin-1"))


def _fits(
    scheme: Scheme, settings: PlivoSettings, headers: Mapping[str, str], texts: Iterable[bytes]
) -> bool:
    """Whether any signature is ours. Every pair is compared, in constant time, whatever comes first."""
    nonce = headers.get(scheme.nonce) or ""
    if not 0 < len(nonce) <= LONGEST_HEADER:
        return False
    own = settings.auth_token.values()
    main = settings.main_auth_token.values() if settings.main_auth_token else own
    held = ((headers.get(scheme.own), own), (headers.get(scheme.main), main))
    pairs = [
        (scheme.sign(token, text, nonce), theirs)
        for (header, tokens), text in product(held, texts)
        for token, theirs in product(tokens, _signatures(header))
    ]
    return sum(hmac.compare_digest(ours, theirs) for ours, theirs in pairs) > 0


def _signatures(header: str | None) -> Sequence[bytes]:
    """The signatures of a header, which is a comma list while Plivo rotates tokens."""
    if header is None or len(header) > LONGEST_HEADER:
        return ()
    parts = [_once(part.strip()) for part in header.split(",")]
    return parts if len(parts) <= MOST_SIGNATURES else ()
