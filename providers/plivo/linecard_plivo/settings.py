"""What one Plivo account is set to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from linecard import ConfigurationError, Secret

PLIVO_API = "https://api.plivo.com"
AUTH_ID = re.compile(r"[MS]A[A-Z0-9]{18}")
SHORTEST_TOKEN = 16
MOST_TOKENS = 2


@dataclass(frozen=True, slots=True)
class PlivoSettings:
    """One account: `auth_token` is one token, or two with a comma while they are rotated.

    `api_url` is an origin that replaces all of Plivo's API hosts. `main_auth_token` proves requests
    signed for the main account of a sub-account; `verify_v2` also believes the old V2 signature.
    Raises ConfigurationError.
    """

    auth_id: str
    auth_token: Secret
    api_url: str = PLIVO_API
    verify_v2: bool = False
    main_auth_token: Secret | None = None

    def __post_init__(self) -> None:
        if not AUTH_ID.fullmatch(self.auth_id):
            raise ConfigurationError(
                "PLIVO_AUTH_ID must be the 20 characters of the Plivo console that begin with MA or SA"
            )
        _check_tokens("PLIVO_AUTH_TOKEN", self.auth_token)
        if self.main_auth_token is not None:
            _check_tokens("PLIVO_MAIN_AUTH_TOKEN", self.main_auth_token)
        if not _is_origin(self.api_url):
            raise ConfigurationError(
                f"PLIVO_API_URL is {self.api_url!r}: it must be an https origin such as {PLIVO_API}, "
                "or http on loopback"
            )

    @property
    def api_host(self) -> str:
        """The host that the API is asked at, with the port where it is not the usual one."""
        return urlsplit(self.api_url).netloc

    @property
    def rest_token(self) -> str:
        """The token that our own requests carry: the first."""
        return self.auth_token.values()[0]


def _check_tokens(setting: str, secret: Secret) -> None:
    tokens = secret.values()
    if not 1 <= len(tokens) <= MOST_TOKENS or any(len(token) < SHORTEST_TOKEN for token in tokens):
        raise ConfigurationError(
            f"{setting} must be the auth token of the Plivo console (at least {SHORTEST_TOKEN} "
            "characters), or two with a comma between them while they are rotated"
        )


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    return bool(bare and parts.hostname) and _is_safe(parts)


def _is_safe(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
