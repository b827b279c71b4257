"""Addresses of the application as they were pasted, with the user and password that may be in them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes, and the Authorization that Exotel makes of `user:password@`."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Address:
        """From what a person pasted, or what the application answered. Raises ValueError."""
        parts = urlsplit(text.strip())
        userinfo, _, host = parts.netloc.rpartition("@")
        url = urlunsplit(parts._replace(netloc=host))
        if not userinfo:
            return cls(url)
        pair = base64.b64encode(unquote(userinfo).encode()).decode()
        return cls(url, {"Authorization": f"Basic {pair}"})


def purpose(text: str) -> str:
    """What an address of the application is for: the `k` of its query; empty without one."""
    return parse_qs(urlsplit(text.strip()).query).get("k", [""])[0]


def is_web_address(text: str) -> bool:
    """Whether Exotel would call this address at all."""
    return _has_scheme(text, ("http", "https"))


def is_socket_address(text: str) -> bool:
    """Whether Exotel would open a socket to this address at all."""
    return _has_scheme(text, ("ws", "wss"))


def _has_scheme(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return False
