"""When two requests, or two proofs, are the same but for their writing."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Hashable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from linecard.webhook import CarrierRequest

HEX = frozenset("0123456789abcdefABCDEF")


def meaning(request: CarrierRequest) -> Hashable:
    """What a request says, whatever way its address and body are written."""
    try:
        parts = urlsplit(request.url)
    except ValueError:
        return request.url
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    place = (parts.scheme, parts.netloc, parts.path, parts.fragment, query)
    return (request.method, place, request.pairs or request.body)


def without_port(url: str) -> str:
    """An address without its port; one that cannot be read, as it is."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.removesuffix(f":{parts.port}")
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=host))


def says_the_same(first: str, second: str) -> bool:
    """Whether two texts of a proof decode to the same bytes: hex in capitals, unused bits of base64."""
    if HEX.issuperset(first) and first.lower() == second.lower():
        return True
    scheme, _, rest = first.partition(" ")
    other_scheme, _, other_rest = second.partition(" ")
    if scheme.lower() == other_scheme.lower() and rest and rest == other_rest:
        return True
    decoded = _decoded(rest or first)
    return bool(decoded) and decoded == _decoded(other_rest or second)


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (Error, ValueError):
        return None
