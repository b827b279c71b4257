"""Which addresses are taken at all, before any name is looked up: read strictly, in one way only.

What two readers of an address might understand differently (a backslash, a user before the host, a
number for an address) is refused, so that nobody checks one host and asks another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from linecard.errors import InvalidField
from linecard.outgoing.public import HTTPS, is_own, is_public

LONGEST = 2000
LOCALHOST = "localhost"
FIRST_FREE_PORT = 1024
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[/?][a-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL = (".localhost", ".local", ".internal", ".localdomain", ".lan", ".home.arpa", ".onion")
"""Names that never lead to the internet."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was taken. `host` is a name or an IP address without brackets, in lower case."""

    scheme: str
    host: str
    port: int
    rest: str

    @property
    def authority(self) -> str:
        """The host as the Host header names it: with its port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if (self.scheme, self.port) in _USUAL else f"{host}:{self.port}"

    def at(self, address: str) -> str:
        """The same address with an IP address in place of its host."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.rest}"


_USUAL = frozenset({("https", HTTPS), ("http", 80)})


def read_target(text: str, field: str, *, loopback: bool) -> Target:
    """An https address on the internet; with `loopback` an http one on this machine too.

    Raises InvalidField that says what is wrong.
    """
    try:
        return _read(text, loopback)
    except ValueError as error:
        raise InvalidField(field, str(error)) from error


def _read(text: str, loopback: bool) -> Target:
    found = _URL.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(_complaint(text))
    scheme, host = found["scheme"].lower(), found["host"].lower().strip("[]")
    port = int(found["port"] or (HTTPS if scheme == "https" else 80))
    _CHECKS[scheme](host, port, loopback)
    return Target(scheme, host, port, _rest(found["rest"] or ""))


def _rest(written: str) -> str:
    return written if written.startswith("/") else f"/{written}"


def _complaint(text: str) -> str:
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if "#" in text:
        return "must have no fragment"
    if "@" in text.partition("://")[2].partition("/")[0]:
        return "must have no user or password before the host"
    return "must be an address such as https://hooks.example.com/calls, in plain ASCII"


def _check_https(host: str, port: int, _loopback: bool) -> None:
    if not is_address(host):
        _check_name(host)
    elif not is_public(host):
        raise ValueError(f"leads to {host}, which is not on the internet")
    if port != HTTPS and not FIRST_FREE_PORT <= port <= 65535:
        raise ValueError(f"port {port} is not open to it; {HTTPS} and those from 1024 are")


def _check_http(host: str, port: int, loopback: bool) -> None:
    own = host == LOCALHOST or (is_address(host) and is_own(host))
    if not (own and loopback):
        raise ValueError("must be https; http is for this machine alone, while the server is on it")
    if not 1 <= port <= 65535:
        raise ValueError(f"there is no port {port}")


_CHECKS = {"https": _check_https, "http": _check_http}


def is_address(host: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check_name(host: str) -> None:
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{host!r} is not the name of a host")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError(f"{host!r} is neither a name nor an IP address in its usual form")
    if len(labels) == 1 or host.endswith(_LOCAL):
        raise ValueError(f"{host!r} is not a name on the internet")
