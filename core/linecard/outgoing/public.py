"""Where a host's name leads: to the public internet, or it is not asked.

A name is resolved once for a request, every address that it has is checked, and the request goes to
one of those that were checked: a name that leads elsewhere a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

HTTPS = 443
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6. Outside lie addresses that carry one of IPv4 in them: mapped, translated."""
SET_APART = (
    IPv4Network("192.0.0.0/24"),  # protocols; a cloud keeps its metadata in it
    IPv4Network("192.88.99.0/24"),  # former relays to 6to4
    IPv6Network("2001::/23"),  # protocols, Teredo among them
    IPv6Network("3fff::/20"),  # documentation
)
"""By IANA's registries, beyond what `ipaddress` knows in every version of Python."""
ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""The third quarter of an IPv6 address that ends in one of IPv4."""


class NotAllowed(OSError):
    """A host leads where no request of ours may go; the message names the host alone."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet; one that carries another inside is not."""
    parsed = ip_address(address.partition("%")[0])
    if parsed.is_multicast or not parsed.is_global or any(parsed in one for one in SET_APART):
        return False
    return isinstance(parsed, IPv4Address) or _is_plain(parsed)


def is_own(address: str) -> bool:
    """Whether an IP address is this machine's loopback."""
    parsed = ip_address(address.partition("%")[0])
    return parsed == IPv6Address("::1") or (isinstance(parsed, IPv4Address) and parsed.is_loopback)


def _is_plain(address: IPv6Address) -> bool:
    carries_another = address.sixtofour or (int(address) >> 32) & 0xFFFF_FFFF in ISATAP
    return address in GLOBAL_UNICAST and not carries_another


async def checked_addresses(
    host: str, port: int, fits: Callable[[str], bool] = is_public
) -> tuple[str, ...]:
    """The IP addresses of a host, all of which fit.

    Raises NotAllowed when one does not, OSError when there is none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(fits(address) for address in addresses):
        where = "on the internet" if fits is is_public else "on this machine"
        raise NotAllowed(f"{host} is not {where}")
    return addresses
