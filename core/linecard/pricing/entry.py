"""One written price, checked: the keys that a price list has in TOML and in CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from linecard.carrier import Charge, Per, RateLine

REQUIRED = ("what", "usd", "since")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"prefix": "", "per": Per.MINUTE, "pulse_seconds": 60}
)


class WrongEntry(ValueError):
    """A price that cannot be read; `key` is what is wrong with it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key} {message}")
        self.key = key


def read_entry(given: Mapping[str, object], source: str) -> RateLine:
    """A line of a price list; its source says since when the price holds. Raises WrongEntry."""
    for key in given:
        if key not in RULES:
            raise WrongEntry(str(key), f"is not known; known are {', '.join(RULES)}")
    for key in REQUIRED:
        if key not in given:
            raise WrongEntry(key, "is missing")
    read = {**_DEFAULTS, **{key: _read(key, value) for key, value in given.items()}}
    since = read.pop("since")
    return RateLine(source=f"{source}, since {since}", **read)


def _read(key: str, value: object) -> Any:
    try:
        return RULES[key](value)
    except ValueError as error:
        raise WrongEntry(key, str(error)) from error


def _one_of(kind: type[StrEnum]) -> Callable[[object], StrEnum]:
    def read(value: object) -> StrEnum:
        try:
            return kind(str(value))
        except ValueError as error:
            raise ValueError(f"must be one of {', '.join(kind)}") from error

    return read


def _prefix(value: object) -> str:
    if value != "" and not (isinstance(value, str) and _PREFIX.fullmatch(value)):
        raise ValueError("must be the beginning of a number, such as +91, or empty")
    return str(value)


def _usd(value: object) -> str:
    """A decimal as it was written: no price passes through a float."""
    try:
        usd = Decimal(str(value))
    except InvalidOperation:
        usd = Decimal("NaN")
    if isinstance(value, bool) or not usd.is_finite() or usd < 0:
        raise ValueError('must be an amount in US dollars, such as "0.0045"')
    return f"{usd:f}"


def _seconds(value: object) -> int:
    text = "" if isinstance(value, bool) else str(value)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 3600:
        raise ValueError("must be whole seconds, 1 to 3600")
    return int(text)


def _since(value: object) -> date:
    """A date in TOML, or its text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError("must be a date, such as 2026-01-31") from error


RULES: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "what": _one_of(Charge),
        "prefix": _prefix,
        "usd": _usd,
        "per": _one_of(Per),
        "pulse_seconds": _seconds,
        "since": _since,
    }
)
"""The keys of a price, each with its rule. Every rule raises ValueError that says what to write."""
