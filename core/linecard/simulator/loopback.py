"""A simulated carrier lives on this machine alone: it listens on loopback and speaks to loopback."""

from __future__ import annotations

from urllib.parse import urlsplit

from linecard.errors import ConfigurationError
from linecard.settings.loopback import is_loopback


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    return is_loopback(host.strip("[]"))


def is_loopback_url(url: str) -> bool:
    """Whether an address is on this machine."""
    try:
        return is_loopback_host(urlsplit(url).hostname or "")
    except ValueError:
        return False


def require_loopback(host: str, public_url: str | None = None) -> None:
    """Raise ConfigurationError when a simulator would listen, or speak, beyond this machine."""
    if not is_loopback_host(host):
        raise ConfigurationError(
            f"a simulated carrier binds loopback only, not {host}: use --host 127.0.0.1"
        )
    if public_url is not None and not is_loopback_url(public_url):
        raise ConfigurationError(
            f"LINECARD_PUBLIC_URL is {public_url}: a simulated carrier starts only where it is "
            "loopback, such as http://127.0.0.1:8080"
        )
