"""Where a request comes from, as logs tell it. No right is ever granted by it."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from linecard.outgoing.urls import is_address

MOST_HOPS = 20


def caller(scope: Scope, trusted: tuple[str, ...]) -> str:
    """The address of whoever is connected, or, behind proxies of ours, the nearest that none of them has.

    X-Forwarded-For is read from its end, and only as far as trusted proxies (LINECARD_TRUSTED_PROXIES) have
    written it: what stands before may be anybody's invention.
    """
    client = scope.get("client")
    seen = str(client[0]) if client else "unknown"
    said = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    for hop in [one.strip() for one in said if one.strip()][: -MOST_HOPS - 1 : -1]:
        if not _is_trusted(seen, trusted) or not is_address(hop):
            break
        seen = hop
    return seen


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    return is_address(address) and any(
        ip_address(address) in network for network in _networks(trusted)
    )


@cache
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one, strict=False) for one in trusted)
