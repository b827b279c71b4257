"""Readers of single values of a plan: each takes what was given and its path, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

from linecard import InvalidField

CALLEE = "callee"
Value = TypeVar("Value")
Kind = TypeVar("Kind", bound=StrEnum)
Reader = Callable[[object, str], Value]


def text(longest: int) -> Reader[str]:
    """A text that is not empty."""

    def read(given: object, field: str) -> str:
        if not isinstance(given, str) or not 1 <= len(given.strip()) <= longest:
            raise InvalidField(field, f"must be a text of 1 to {longest} characters")
        return given.strip()

    return read


def whole(least: int, most: int) -> Reader[int]:
    """A whole number."""

    def read(given: object, field: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            raise InvalidField(field, f"must be a whole number from {least} to {most}")
        return given

    return read


def number(least: float, most: float) -> Reader[float]:
    """A number; no NaN passes the comparison."""

    def read(given: object, field: str) -> float:
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if not is_number or not least <= given <= most:  # type: ignore[operator]
            raise InvalidField(field, f"must be a number from {least:g} to {most:g}")
        return float(given)  # type: ignore[arg-type]

    return read


def flag(given: object, field: str) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise InvalidField(field, "must be true or false")
    return given


def usd(given: object, field: str) -> Decimal:
    """An amount in US dollars, `25` or `"25.50"`; money is never counted in binary fractions."""
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(given, bool) or not amount.is_finite() or not 0 <= amount <= 10**9:
        raise InvalidField(field, 'must be an amount in US dollars, such as 25 or "25.50"')
    return amount


def one_of(kind: type[Kind]) -> Reader[Kind]:
    """One of the words of an enumeration."""

    def read(given: object, field: str) -> Kind:
        try:
            return kind(str(given))
        except ValueError as error:
            raise InvalidField(field, f"must be one of {', '.join(kind)}") from error

    return read


def many(reader: Reader[Value], most: int, least: int = 0) -> Reader[tuple[Value, ...]]:
    """A list, each entry read by `reader` under its place: `numbers.2`."""

    def read(given: object, field: str) -> tuple[Value, ...]:
        if not isinstance(given, Sequence) or isinstance(given, str | bytes):
            raise InvalidField(field, "must be a list")
        if not least <= len(given) <= most:
            raise InvalidField(field, f"must have {least} to {most} entries")
        return tuple(reader(one, f"{field}.{place}") for place, one in enumerate(given))

    return read


def day(given: object, field: str) -> date:
    """A date such as 2026-12-25."""
    try:
        return date.fromisoformat(str(given))
    except ValueError as error:
        raise InvalidField(field, "must be a date, such as 2026-12-25") from error


def zone(given: object, field: str) -> str:
    """The name of a time zone."""
    if not isinstance(given, str) or given not in _zones():
        raise InvalidField(field, f"{given!r} is not an IANA time zone such as Europe/Berlin")
    return given


def zone_or_callee(given: object, field: str) -> str | None:
    """The name of a time zone, or None for wherever the callee is."""
    return None if given == CALLEE else zone(given, field)


def fields(
    given: object, field: str, known: Mapping[str, Reader[Any]], required: Sequence[str] = ()
) -> dict[str, Any]:
    """What stands in an object, each key read by its reader; null counts as left out."""
    if not isinstance(given, Mapping):
        raise InvalidField(field or "body", "must be an object")
    for key in given:
        if key not in known:
            known_ones = ", ".join(known)
            raise InvalidField(_within(field, str(key)), f"is not known; known are {known_ones}")
    there = {key: value for key, value in given.items() if value is not None}
    for key in required:
        if key not in there:
            raise InvalidField(_within(field, key), "is missing")
    return {key: known[key](value, _within(field, key)) for key, value in there.items()}


def _within(field: str, key: str) -> str:
    return f"{field}.{key}" if field else key


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
