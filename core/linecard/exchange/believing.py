"""Whether a carrier's request is believed; and where it is not, what may be wrong with our address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from linecard.errors import RequestRefused
from linecard.exchange.context import Exchange
from linecard.webhook import CarrierRequest, Proof

if TYPE_CHECKING:
    from linecard.plugins import Relay

AS_WEBHOOK = MappingProxyType({"https": "https", "http": "http"})
AS_SOCKET = MappingProxyType({"wss": "https", "ws": "http"})
ORIGINS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"https": AS_WEBHOOK, "http": AS_WEBHOOK, "wss": AS_SOCKET, "ws": AS_SOCKET}
)
"""The schemes to try for a scheme of ours, and how LINECARD_PUBLIC_URL would write each."""


def believe(exchange: Exchange, relay: Relay, request: CarrierRequest) -> Proof:
    """How a request is proved. Raises RequestRefused.

    A wrong public address is the commonest reason of all: the log names the one that would fit.
    """
    try:
        return relay.hooks.verify_request(request)
    except RequestRefused:
        other = other_address(relay, request)
        exchange.misfits.note(relay.provider, other)
        if other:
            exchange.sparing.warning(
                "the signature fits another address than LINECARD_PUBLIC_URL",
                fits=other,
                setting=exchange.settings.public_url,
            )
        raise


def other_address(relay: Relay, request: CarrierRequest) -> str | None:
    """The public URL, built from the received Host, that the signature fits; for people only."""
    ours, host = urlsplit(request.url), request.headers.get("host", "")
    for scheme, shown in ORIGINS[ours.scheme].items():
        elsewhere = urlunsplit(ours._replace(scheme=scheme, netloc=host))
        try:
            relay.hooks.verify_request(replace(request, url=elsewhere))
        except RequestRefused:
            continue
        return f"{shown}://{host}"
    return None
