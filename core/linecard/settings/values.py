"""The server's settings once they are read and found right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from linecard.settings.loopback import is_loopback
from linecard.settings.secret import Secret

ACCOUNT_DEFAULT = "main"
"""The name of the account that environment variables describe."""


class NoPod(StrEnum):
    """What becomes of a call for which no pod is free."""

    WAIT = "wait"
    REJECT = "reject"
    HERE = "here"


APOLOGY = "We are sorry, this call cannot go on. Please call again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """One set of credentials; `values` is an instance of the provider's own settings class."""

    provider: str
    name: str
    values: object


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """Hard stops of one account, beside those of the server; None: only the server's.

    `max_calls_per_second` None: what the carrier gives every account, for calls that are paced.
    """

    max_live_calls: int | None = None
    max_calls_per_minute: int | None = None
    max_calls_per_second: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDays:
    """How many days after its end what is kept of a call stays; 0: for ever.

    `calls` with all that belongs to them, recordings too; `payloads`: what carriers said, answers and
    notifications, and work that is done; `flights`: flight records.
    """

    calls: int = 400
    payloads: int = 30
    flights: int = 7

    def __str__(self) -> str:
        return ",".join(f"{one.name}={getattr(self, one.name)}" for one in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the server was told; the names are those of `LINECARD_*`, in lower case.

    `public_url` has no slash at its end. `allowed_countries` None: those of the registered numbers.
    `accounts` are by provider. `prices` are paths of price lists: of `PROVIDER`, of
    `PROVIDER:ACCOUNT`, or of "" for a list that says itself whose prices it holds.
    `daily_spend` is in US dollars, None: no limit. `instance` names this process, None: as its host. `internal_url` is where other
    processes on the same database reach this one, None: there are none. `limits` are by `PROVIDER:ACCOUNT`. `sounds` is a folder of WAV files. `numbers` are tables by
    E.164, and `blocklist` tables, as the API takes them. `pod_megabytes` is the memory that a pod of this machine may take.
    """

    public_url: str
    api_key: Secret
    secret: Secret
    database_url: str = field(default="sqlite:///linecard.db", repr=False)
    allowed_countries: frozenset[str] | None = None
    transfer_allow: tuple[str, ...] = ()
    max_calls_per_minute: int = 60
    max_live_calls: int = 1000
    max_calls_per_number_per_day: int = 10
    daily_spend: Decimal | None = None
    instance: str | None = None
    internal_url: str | None = None
    fallback_url: str | None = None
    apology: str = APOLOGY
    opt_out_key: str | None = None
    sounds: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    media_lane: str = "lean"
    no_pod: NoPod = NoPod.WAIT
    pod_megabytes: int = 1024
    notify_secret: Secret | None = None
    flight_dir: str | None = None
    flight_audio: bool = False
    flight_gzip: bool = False
    flight_megabytes: int = 32
    flight_numbers: bool = False
    flight_digits: bool = True
    recordings: str = "recordings"
    keep_recordings_days: int = 0
    journal: str | None = None
    keep_days: KeepDays = field(default_factory=KeepDays)
    prices: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, AccountLimits] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    blocklist: tuple[Mapping[str, Any], ...] = ()
    accounts: Mapping[str, tuple[AccountSettings, ...]] = field(default_factory=dict)

    @property
    def on_loopback(self) -> bool:
        """Whether the server itself is reached on this machine alone: nothing is in production here."""
        return is_loopback(urlsplit(self.public_url).hostname or "")
