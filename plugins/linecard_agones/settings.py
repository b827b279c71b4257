"""Where the allocator is and who we are to it: from the environment, read once, at the start."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from linecard import ConfigurationError

URL = "AGONES_ALLOCATOR_URL"
NAMESPACE = "AGONES_NAMESPACE"
FLEET = "AGONES_FLEET"
CERT = "AGONES_CLIENT_CERT"
KEY = "AGONES_CLIENT_KEY"
CA = "AGONES_CA"
SIDECAR_PORT = "AGONES_SDK_HTTP_PORT"
"""Set by Agones in every container of a game server."""
POD = "LINECARD_POD"

DEFAULT_NAMESPACE = "default"
NAMES = {
    NAMESPACE: "a namespace of Kubernetes: small letters, digits and hyphens",
    FLEET: "the name of a fleet: small letters, digits and hyphens, since pods are named after it",
}
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
REQUIRED = {
    FLEET: "name the fleet that calls are given pods of",
    CERT: "name the file of the certificate that the allocator knows us by",
    KEY: "name the file of that certificate's key",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatorSettings:
    """An allocator. `url` is `https://HOST[:PORT]`; `client_cert`, `client_key` and `ca` are PEM files.

    `ca` vouches for the allocator's own certificate; None: the machine's certificate authorities do.
    """

    url: str
    fleet: str
    client_cert: str
    client_key: str
    namespace: str = DEFAULT_NAMESPACE
    ca: str | None = None


def read_allocator(environment: Mapping[str, str]) -> AllocatorSettings | None:
    """The allocator that is set up; None without its address. Raises ConfigurationError with all that is wrong."""
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    if URL not in given:
        return None
    wrong = [*_missing(given), *_malformed({NAMESPACE: DEFAULT_NAMESPACE, **given})]
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return AllocatorSettings(
        url=given[URL].rstrip("/"),
        fleet=given[FLEET],
        client_cert=given[CERT],
        client_key=given[KEY],
        namespace=given.get(NAMESPACE, DEFAULT_NAMESPACE),
        ca=given.get(CA),
    )


def read_sidecar(environment: Mapping[str, str]) -> str | None:
    """The address of this pod's sidecar; None where there is none. Raises ConfigurationError."""
    port = environment.get(SIDECAR_PORT, "").strip()
    if not port:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise ConfigurationError(f"{SIDECAR_PORT}: {port!r} is no port; Agones sets it by itself")
    # By name: in a cluster of IPv6 the sidecar listens on ::1.
    return f"http://localhost:{port}"


def _missing(given: Mapping[str, str]) -> Iterator[str]:
    for name, what_to_do in REQUIRED.items():
        if name not in given:
            yield f"{name} is missing: {what_to_do}, or unset {URL}"


def _malformed(given: Mapping[str, str]) -> Iterator[str]:
    if not _is_address(given[URL]):
        yield f"{URL}: {given[URL]!r} must be https://HOST[:PORT], the service agones-allocator"
    for name, what_it_is in NAMES.items():
        if name in given and not NAME.fullmatch(given[name]):
            yield f"{name}: {given[name]!r} must be {what_it_is}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "https"
            and bool(parts.hostname)
            and parts.path in ("", "/")
            and parts.port != 0
            and not (parts.query or parts.fragment or parts.username)
        )
    except ValueError:
        return False
