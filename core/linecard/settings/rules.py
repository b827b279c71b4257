"""The rule of each LINECARD_* setting. Every rule raises ValueError that says what to write."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS

from linecard.outgoing.signing import read_secret
from linecard.settings.convert import as_bool, as_int, as_secret, as_text, as_texts
from linecard.settings.keys import MARK, Scope, scoped_keys
from linecard.settings.loopback import is_loopback
from linecard.settings.secret import Secret
from linecard.settings.values import AccountLimits, KeepDays, NoPod

_KEY_CHARACTERS = 16
MOST_KEYS = 2
"""Of one scope: the new one and the old."""
_SECRET_CHARACTERS = 32
_NOTIFY_BYTES = 24
_LONGEST_APOLOGY = 500
_LEAST_POD_MEGABYTES = 256
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_TARGET = re.compile(r"\+\d{1,15}\*?|sip:[^@\s]+@[^@\s]+")
_KEYS = "123A456B789C*0#D"


def as_url(value: Any) -> str:
    """An https address, or http on loopback; a path stays, a slash at its end goes."""
    text = as_text(value)
    parts = urlsplit(text)
    host = parts.hostname
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("must be an address such as https://calls.example.com")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be an origin with at most a path: no query, fragment or user")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must be https; http is for loopback alone")
    _ = parts.port  # raises ValueError when it is no port
    return text.rstrip("/")


def _as_internal_url(value: Any) -> str:
    """Where other processes of ours reach this one, by plain http inside a network of ours."""
    text = as_text(value).rstrip("/")
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = None
    is_bare = text == f"http://{parts.netloc}" and parts.username is None
    if not (is_bare and parts.hostname and port):
        raise ValueError("must be http://HOST:PORT, where other processes reach this one")
    return text


def _as_fallback(value: Any) -> str:
    text = as_text(value)
    as_url(text.partition("?")[0])
    return text


def _as_apology(value: Any) -> str:
    text = as_text(value)
    if len(text) > _LONGEST_APOLOGY:
        raise ValueError(f"has {len(text)} characters; at most {_LONGEST_APOLOGY}")
    return text


def _as_key(value: Any) -> str:
    key = as_text(value).upper()
    if len(key) != 1 or key not in _KEYS:
        raise ValueError(f"must be one key out of {_KEYS}")
    return key


def _as_api_key(value: Any) -> Secret:
    secret = as_secret(value)
    keys = scoped_keys(secret)
    for written in secret.values():
        name, mark, _ = written.partition(MARK)
        if mark and name.isalpha() and name not in list(Scope):
            raise ValueError(f"names a scope that is none, {name!r}; there are {', '.join(Scope)}")
    _check_length([key.text for key in keys], _KEY_CHARACTERS)
    for scope, count in Counter(key.scope for key in keys).items():
        if count > MOST_KEYS:
            raise ValueError(
                f"holds more than two keys of the scope {scope}; two are for the time of a rotation"
            )
    if len({key.text for key in keys}) < len(keys):
        raise ValueError("holds one key twice")
    return secret


def _as_signing_secret(value: Any) -> Secret:
    secret = as_secret(value)
    _check_length(secret.values(), _SECRET_CHARACTERS)
    return secret


def _check_length(texts: Sequence[str], least: int) -> None:
    shortest = min(len(text) for text in texts)
    if shortest < least:
        raise ValueError(f"has {shortest} characters and needs at least {least}")


def _as_notify_secret(value: Any) -> Secret:
    secret = as_secret(value)
    if len(secret.values()) > 2:
        raise ValueError("holds more than two secrets; two are for the time of a rotation")
    for text in secret.values():
        if len(read_secret(text)) < _NOTIFY_BYTES:
            raise ValueError(f"is too short: whsec_ and {_NOTIFY_BYTES} bytes or more in Base64")
    return secret


def _as_countries(value: Any) -> frozenset[str]:
    codes = [code.upper() for code in as_texts(value)]
    wrong = [code for code in codes if code not in SUPPORTED_REGIONS]
    if wrong:
        raise ValueError(f"holds {', '.join(wrong)}; write ISO codes such as US, IN")
    return frozenset(codes)


def _as_targets(value: Any) -> tuple[str, ...]:
    targets = as_texts(value)
    wrong = [target for target in targets if not _TARGET.fullmatch(target)]
    if wrong:
        raise ValueError(
            f"holds {', '.join(wrong)}; write +14155550100, +1415* or sip:*@cc.example.com"
        )
    return targets


def _as_storage(value: Any) -> str:
    """A path, `off`, or an address of fsspec's; credentials have no place in it."""
    text = as_text(value)
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text
    if not _SCHEME.fullmatch(scheme) or not rest:
        raise ValueError("must be a folder, off, or an address such as s3://bucket/recordings")
    if "@" in rest or "?" in rest:
        raise ValueError("must hold no credentials and no options; fsspec reads them elsewhere")
    return text.rstrip("/")


def _as_limit(value: Any) -> int:
    limit = as_int(value)
    if limit < 0:
        raise ValueError("must be 0 or more")
    return limit


def _as_dollars(value: Any) -> Decimal:
    try:
        dollars = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise ValueError("must be US dollars, such as 250 or 99.50") from error
    if not dollars.is_finite() or dollars < 0:
        raise ValueError("must be US dollars, 0 or more")
    return dollars


def _as_keep_days(value: Any) -> KeepDays:
    """`calls=400,payloads=30,flights=7`, or a table; what is left out keeps its default."""
    known = [one.name for one in fields(KeepDays)]
    if isinstance(value, Mapping):
        given = {str(name): days for name, days in value.items()}
    else:
        given = {
            name.strip(): days for name, _, days in (p.partition("=") for p in as_texts(value))
        }
    wrong = sorted(given.keys() - set(known))
    if wrong:
        raise ValueError(f"holds {', '.join(wrong)}; write {KeepDays()}")
    try:
        return KeepDays(**{name: _as_limit(days) for name, days in given.items()})
    except ValueError as error:
        raise ValueError(f"{error}; write {KeepDays()}") from error


def _as_size(value: Any) -> int:
    size = as_int(value)
    if size < 1:
        raise ValueError("must be 1 or more")
    return size


def _as_networks(value: Any) -> tuple[str, ...]:
    networks = as_texts(value)
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise ValueError(f"holds {network}; write addresses or networks: 10.0.0.0/8") from error
    return networks


def _as_no_pod(value: Any) -> NoPod:
    text = as_text(value)
    if text not in list(NoPod):
        raise ValueError(f"must be {', '.join(NoPod)}")
    return NoPod(text)


def _as_pod_megabytes(value: Any) -> int:
    megabytes = as_int(value)
    if megabytes < _LEAST_POD_MEGABYTES:
        raise ValueError(
            f"must be {_LEAST_POD_MEGABYTES} or more: so much a process takes by itself"
        )
    return megabytes


def _as_lane(value: Any) -> str:
    lane = as_text(value)
    if lane not in ("lean", "asgi"):
        raise ValueError("must be lean or asgi")
    return lane


def _as_folder(value: Any) -> str:
    folder = as_text(value)
    if not Path(folder).is_dir():
        raise ValueError(f"is {folder}, which is not a folder")
    return folder


def _as_prices(value: Any) -> Mapping[str, str]:
    """Paths of price lists by owner; a single path is of a list that names its owners itself."""
    if not isinstance(value, Mapping):
        return {"": as_text(value)}
    return {str(owner): _as_path(owner, path) for owner, path in value.items()}


def _as_path(owner: str, path: Any) -> str:
    try:
        return as_text(path)
    except ValueError as error:
        raise ValueError(f"holds {owner}: {error}, the path of a price list") from error


def _as_account_limits(value: Any) -> Mapping[str, AccountLimits]:
    tables = value if isinstance(value, Mapping) else None
    if tables is None:
        raise ValueError('must be tables in linecard.toml: [limits."PROVIDER:ACCOUNT"]')
    return {account: _limits_of(account, table) for account, table in tables.items()}


def _limits_of(account: str, table: Any) -> AccountLimits:
    known = [one.name for one in fields(AccountLimits)]
    if not isinstance(table, Mapping) or not table.keys() <= set(known):
        raise ValueError(f"holds {account}: must be a table of {', '.join(known)}")
    try:
        return AccountLimits(**{name: _as_limit(limit) for name, limit in table.items()})
    except ValueError as error:
        raise ValueError(f"holds {account}: a limit {error}") from error


def _as_numbers(value: Any) -> Mapping[str, Mapping[str, Any]]:
    """Tables by number; what stands in them is checked at the start, as the API checks it."""
    tables = value if isinstance(value, Mapping) else None
    if tables is None or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ValueError('must be tables in linecard.toml: [numbers."+14155550100"]')
    return tables


def _as_blocklist(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Entries as tables; one that is written as a text is its caller. Checked at the start, as the API checks it."""
    entries = list(as_texts(value)) if isinstance(value, str) else value
    is_list = isinstance(entries, list)
    if not is_list:
        raise ValueError('must be a list: ["+14155550123", "+1900*", { caller = "+1415*" }]')
    wrong = [entry for entry in entries if not isinstance(entry, str | Mapping)]
    if wrong:
        raise ValueError(f"holds {wrong[0]!r}; write a caller as text, or a table with one")
    return tuple({"caller": entry} if isinstance(entry, str) else entry for entry in entries)


RULES: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "public_url": as_url,
        "database_url": as_text,
        "api_key": _as_api_key,
        "secret": _as_signing_secret,
        "allowed_countries": _as_countries,
        "transfer_allow": _as_targets,
        "max_calls_per_minute": _as_limit,
        "max_live_calls": _as_limit,
        "max_calls_per_number_per_day": _as_limit,
        "daily_spend": _as_dollars,
        "instance": as_text,
        "internal_url": _as_internal_url,
        "fallback_url": _as_fallback,
        "apology": _as_apology,
        "opt_out_key": _as_key,
        "sounds": _as_folder,
        "trusted_proxies": _as_networks,
        "media_lane": _as_lane,
        "no_pod": _as_no_pod,
        "pod_megabytes": _as_pod_megabytes,
        "notify_secret": _as_notify_secret,
        "flight_dir": as_text,
        "flight_audio": as_bool,
        "flight_gzip": as_bool,
        "flight_megabytes": _as_size,
        "flight_numbers": as_bool,
        "flight_digits": as_bool,
        "recordings": _as_storage,
        "keep_recordings_days": _as_limit,
        "journal": as_text,
        "keep_days": _as_keep_days,
        "prices": _as_prices,
        "limits": _as_account_limits,
        "numbers": _as_numbers,
        "blocklist": _as_blocklist,
    }
)

REQUIRED: Mapping[str, str] = MappingProxyType(
    {
        "public_url": "the address at which carriers reach this server",
        "api_key": "at least 16 characters; `linecard init` writes a fresh one",
        "secret": "at least 32 characters; `linecard init` writes a fresh one",
    }
)
"""What must be set, and what to set it to."""
