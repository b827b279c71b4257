"""What one Twilio account is set to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from linecard import ConfigurationError, Secret

TWILIO_API = "https://api.twilio.com"
ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
API_KEY = re.compile(r"SK[0-9a-fA-F]{32}")
PLACE = re.compile(r"[a-z][a-z0-9-]{1,30}")
KEY_NAME = re.compile(r"[!-+\--<>-~]{1,128}")
HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
SHORTEST_SECRET = 16
MOST_TOKENS = 2


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """One account: `auth_token` is one token, or two with a comma while they are rotated.

    A sub-account is an account of its own here: its SID and its own token, which signs its calls.
    `api_key` with `api_key_secret` are used for requests in place of the token; `shared_keys`,
    `NAME=SECRET` with commas between, believe signatures of the SHA-256 scheme; `region` and `edge`
    choose where Twilio is asked; `api_url` is an origin that replaces all of Twilio's API hosts;
    `recording_hosts` are hosts of the account's own storage. Raises ConfigurationError.
    """

    account_sid: str
    auth_token: Secret
    api_url: str = TWILIO_API
    api_key: str | None = None
    api_key_secret: Secret | None = None
    shared_keys: Secret | None = None
    region: str | None = None
    edge: str | None = None
    recording_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not ACCOUNT_SID.fullmatch(self.account_sid):
            raise ConfigurationError(
                "TWILIO_ACCOUNT_SID must be the 34 characters of the Twilio console that begin with AC"
            )
        _check_tokens(self.auth_token)
        _check_api_key(self.api_key, self.api_key_secret)
        _check_shared_keys(self.shared_keys)
        _check_place("TWILIO_REGION", self.region, "ie1")
        _check_place("TWILIO_EDGE", self.edge, "dublin")
        _check_hosts(self.recording_hosts)
        if not _is_origin(self.api_url):
            raise ConfigurationError(
                f"TWILIO_API_URL is {self.api_url!r}: it must be an https origin such as {TWILIO_API}, "
                "or http on loopback"
            )

    @property
    def api_host(self) -> str:
        """The host that the API is asked at, with the port where it is not the usual one."""
        return urlsplit(self.api_url).netloc

    @property
    def replaces_twilio(self) -> bool:
        """Whether `api_url` stands for all of Twilio's hosts."""
        return self.api_url.rstrip("/") != TWILIO_API

    @property
    def credentials(self) -> tuple[str, str]:
        """Name and password of our own requests."""
        if self.api_key is not None and self.api_key_secret is not None:
            return self.api_key, self.api_key_secret.values()[0]
        return self.account_sid, self.auth_token.values()[0]

    @property
    def keys(self) -> Mapping[str, str]:
        """The shared keys by name."""
        return _shared_keys(self.shared_keys)


def _check_tokens(secret: Secret) -> None:
    tokens = secret.values()
    if not 1 <= len(tokens) <= MOST_TOKENS or any(map(_is_short, tokens)):
        raise ConfigurationError(
            f"TWILIO_AUTH_TOKEN must be the auth token of the Twilio console (at least "
            f"{SHORTEST_SECRET} characters), or two with a comma between them while they are rotated"
        )


def _is_short(secret: str) -> bool:
    return len(secret) < SHORTEST_SECRET


def _check_api_key(name: str | None, secret: Secret | None) -> None:
    if (name is None) != (secret is None):
        raise ConfigurationError("set both TWILIO_API_KEY and TWILIO_API_KEY_SECRET, or neither")
    if name is not None and not API_KEY.fullmatch(name):
        raise ConfigurationError("TWILIO_API_KEY must be 34 characters that begin with SK")
    if secret is not None and (len(secret.values()) != 1 or _is_short(secret.values()[0])):
        raise ConfigurationError(
            f"TWILIO_API_KEY_SECRET must be one secret of at least {SHORTEST_SECRET} characters"
        )


def _check_shared_keys(secret: Secret | None) -> None:
    if secret is None:
        return
    keys = _shared_keys(secret)
    right = all(KEY_NAME.fullmatch(name) and not _is_short(key) for name, key in keys.items())
    if not right or len(keys) != len(secret.values()) or not keys:
        raise ConfigurationError(
            "TWILIO_SHARED_KEYS must be NAME=SECRET, several with commas between them, each name "
            f"once and each secret of at least {SHORTEST_SECRET} characters"
        )


def _shared_keys(secret: Secret | None) -> Mapping[str, str]:
    parts = [part.partition("=") for part in (secret.values() if secret else ())]
    return {name.strip(): key.strip() for name, _, key in parts}


def _check_place(setting: str, place: str | None, example: str) -> None:
    if place is not None and not PLACE.fullmatch(place):
        raise ConfigurationError(f"{setting} must be a name of Twilio's such as {example}")


def _check_hosts(hosts: tuple[str, ...]) -> None:
    for host in hosts:
        if not HOST.fullmatch(host):
            raise ConfigurationError(
                f"TWILIO_RECORDING_HOSTS: {host!r} is no host such as bucket.s3.amazonaws.com"
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
