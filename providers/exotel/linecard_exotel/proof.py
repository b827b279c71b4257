"""Exotel signs nothing. What proves a request is our own token in the address, and Basic auth beside it.

The token alone is strength 1: who reads an address in a log can use it. With a webhook user set, what
a person has pasted at Exotel, and the media socket, must carry Basic auth as well: strength 2.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from linecard import CarrierRequest, Kind, Proof, RequestRefused
from linecard_exotel.settings import ExotelSettings

TOKEN, TOKEN_AND_PASSWORD = 1, 2
PASTED = frozenset({Kind.ANSWER, Kind.NEXT, Kind.DIAL, Kind.RETURN})
"""Addresses of a number, which stand in a flow."""
SOCKETS = frozenset({"ws", "wss"})


def prove(settings: ExotelSettings, account: str, request: CarrierRequest) -> Proof:
    """How a request is proved. Raises RequestRefused.

    The token in a socket's path has been checked by core before.
    """
    is_socket = urlsplit(request.url).scheme in SOCKETS
    if not (is_socket or request.is_ours):
        raise RequestRefused("the address carries no token of ours")
    authorized = _is_authorized(settings, request)
    if settings.webhook_authorizations and not authorized and _must_authorize(request, is_socket):
        raise RequestRefused("the user and password of EXOTEL_WEBHOOK_USER are missing or wrong")
    return Proof("token", account, TOKEN_AND_PASSWORD if authorized else TOKEN)


def _must_authorize(request: CarrierRequest, is_socket: bool) -> bool:
    """Addresses of a call go out with a dial or a document: they are tokens of that call already."""
    return is_socket or (request.kind in PASTED and not request.call)


def _is_authorized(settings: ExotelSettings, request: CarrierRequest) -> bool:
    given = request.headers.get("authorization", "").encode("utf-8", "replace")
    fits = [
        hmac.compare_digest(expected.encode(), given)
        for expected in settings.webhook_authorizations
    ]
    return any(fits)
