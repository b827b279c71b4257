"""What one Exotel account is set to."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonenumbers import SUPPORTED_REGIONS

from linecard import ConfigurationError, Secret

REGIONS: Mapping[str, str] = MappingProxyType(
    {"singapore": "https://api.exotel.com", "mumbai": "https://api.in.exotel.com"}
)
"""Keys are bound to their region (Exotel: make a call API)."""
SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
USER = re.compile(r"[!-9;-~]{1,64}")
SHORTEST_PASSWORD = 12


@dataclass(frozen=True, slots=True)
class ExotelSettings:
    """One account, as the API settings page of the Exotel dashboard shows it.

    `region` picks the API host; `api_url` is an origin that replaces it. `webhook_user` with
    `webhook_password` (two with a comma while they are rotated) is Basic auth on the addresses that a
    person pastes at Exotel and on the media socket. `recording_hosts` are further hosts that
    recordings may be fetched from, without our credentials. `usd_per_inr` turns prices into costs,
    `timezone` is that of Exotel's times. Raises ConfigurationError.
    """

    api_key: str
    api_token: Secret
    sid: str
    region: str = "singapore"
    api_url: str | None = None
    webhook_user: str | None = None
    webhook_password: Secret | None = None
    recording_hosts: tuple[str, ...] = ()
    timezone: str = "Asia/Kolkata"
    usd_per_inr: str | None = None
    country: str = "IN"

    def __post_init__(self) -> None:
        problems = (
            _credentials(self),
            _place(self),
            _webhook(self),
            _hosts(self),
            _timezone(self.timezone),
            _exchange(self.usd_per_inr),
        )
        found = next((problem for problem in problems if problem), None)
        if found:
            raise ConfigurationError(found)

    @property
    def origin(self) -> str:
        """The scheme and host that the API is asked at."""
        return (self.api_url or REGIONS[self.region]).rstrip("/")

    @property
    def is_stand_in(self) -> bool:
        """Whether the API is asked at loopback: a simulated carrier."""
        return _is_loopback(urlsplit(self.origin).hostname)

    @property
    def authorization(self) -> str:
        """The header that our own requests carry: API key and the first token."""
        return _basic(self.api_key, self.api_token.values()[0])

    @property
    def webhook_authorizations(self) -> tuple[str, ...]:
        """The headers that Exotel's requests to pasted addresses may carry; empty where none is asked."""
        if self.webhook_user is None or self.webhook_password is None:
            return ()
        return tuple(_basic(self.webhook_user, one) for one in self.webhook_password.values())

    def with_user(self, url: str) -> str:
        """An address of ours with the Basic auth in it: Exotel makes a header of it, and strips it.

        Exotel: Voicebot applet, authentication.
        """
        if self.webhook_user is None or self.webhook_password is None:
            return url
        parts = urlsplit(url)
        password = quote(self.webhook_password.values()[0], safe="")
        netloc = f"{quote(self.webhook_user, safe='')}:{password}@{parts.netloc}"
        return urlunsplit(parts._replace(netloc=netloc))


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def _credentials(settings: ExotelSettings) -> str | None:
    if not USER.fullmatch(settings.api_key):
        return "EXOTEL_API_KEY must be the API key of the Exotel dashboard, without a colon"
    if not 1 <= len(settings.api_token.values()) <= 2:
        return "EXOTEL_API_TOKEN must be the API token of the Exotel dashboard"
    if not SID.fullmatch(settings.sid):
        return "EXOTEL_SID must be the account sid of the Exotel dashboard"
    return None


def _place(settings: ExotelSettings) -> str | None:
    if settings.region not in REGIONS:
        return f"EXOTEL_REGION must be one of {', '.join(REGIONS)}"
    if settings.country not in SUPPORTED_REGIONS:
        return "EXOTEL_COUNTRY must be an ISO code such as IN"
    if settings.api_url is not None and not _is_origin(settings.api_url):
        return (
            f"EXOTEL_API_URL is {settings.api_url!r}: it must be an https origin such as "
            f"{REGIONS['singapore']}, or http on loopback"
        )
    return None


def _webhook(settings: ExotelSettings) -> str | None:
    user, password = settings.webhook_user, settings.webhook_password
    if (user is None) != (password is None):
        return "EXOTEL_WEBHOOK_USER and EXOTEL_WEBHOOK_PASSWORD: set both or neither"
    if user is None or password is None:
        return None
    if not USER.fullmatch(user):
        return "EXOTEL_WEBHOOK_USER must be 1 to 64 printable characters without a colon"
    values = password.values()
    if not 1 <= len(values) <= 2 or any(len(one) < SHORTEST_PASSWORD for one in values):
        return (
            f"EXOTEL_WEBHOOK_PASSWORD must have at least {SHORTEST_PASSWORD} characters; two with a "
            "comma between them while they are rotated"
        )
    return None


def _hosts(settings: ExotelSettings) -> str | None:
    wrong = [host for host in settings.recording_hosts if not HOST.fullmatch(host)]
    return f"EXOTEL_RECORDING_HOSTS holds {', '.join(wrong)}: write host names" if wrong else None


def _timezone(name: str) -> str | None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"EXOTEL_TIMEZONE is {name!r}: write a name such as Asia/Kolkata"
    return None


def _exchange(rate: str | None) -> str | None:
    if rate is None:
        return None
    try:
        read = Decimal(rate)
    except InvalidOperation:
        read = Decimal(0)
    if not read.is_finite() or not 0 < read < 1:
        return f"EXOTEL_USD_PER_INR is {rate!r}: write US dollars for one rupee, such as 0.0117"
    return None


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
