"""Which number of ours an attempt is made from, and which come next where that one cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from zlib import crc32

import phonenumbers
from phonenumbers import timezone as places

from linecard import AccountKey


class Choice(StrEnum):
    """How the number of ours is chosen for an attempt.

    `rotation`: each in its turn; `sticky`: the one that the person was called from before; `local`: the
    one that looks nearest to the person's own; `least-cost`: the one from which the call is cheapest.
    """

    ROTATION = "rotation"
    STICKY = "sticky"
    LOCAL = "local"
    LEAST_COST = "least-cost"


@dataclass(frozen=True, slots=True)
class Line:
    """A number of the pool, the account that it belongs to, and what a usual call from it costs.

    US dollars; None: nobody has told a price.
    """

    number: str
    account: AccountKey
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Callee:
    """Who is to be called: `turn` counts the tries, `before` are numbers of ours that called them, newest last."""

    lead: str
    to: str
    turn: int
    before: Sequence[str] = ()


def in_order(choice: Choice, pool: Sequence[Line], callee: Callee) -> tuple[Line, ...]:
    """The whole pool, the best number first; alike ones take turns, and each question has one answer."""
    rank = _RANKS[choice]
    return tuple(sorted(_rotated(pool, callee), key=lambda line: rank(line, callee)))


def in_reserve(ordered: Sequence[Line], refused: Collection[AccountKey]) -> Line | None:
    """The best number of an account that has not refused this call; None: all have.

    Only for refusals that are certain: where a telephone may ring, nobody else is asked.
    """
    return next((line for line in ordered if line.account not in refused), None)


def _rotated(pool: Sequence[Line], callee: Callee) -> Sequence[Line]:
    """The lead's name decides where it begins, so that leads spread over the numbers without any counter."""
    start = (crc32(callee.lead.encode()) + callee.turn) % len(pool) if pool else 0
    return (*pool[start:], *pool[:start])


def _as_it_comes(_line: Line, _callee: Callee) -> int:
    return 0


def _known_first(line: Line, callee: Callee) -> int:
    if line.number not in callee.before:
        return len(callee.before)
    return tuple(reversed(callee.before)).index(line.number)


def _nearest_first(line: Line, callee: Callee) -> int:
    ours, theirs = _place(line.number), _place(callee.to)
    alike = (bool(one) and one == other for one, other in zip(ours, theirs, strict=True))
    return next((rank for rank, same in enumerate(alike) if same), len(ours))


def _cheapest_first(line: Line, _callee: Callee) -> tuple[bool, Decimal]:
    return line.cost is None, line.cost or Decimal(0)


@lru_cache(10_000)
def _place(number: str) -> tuple[str, str, str, str]:
    """Where a number is: its area, its time zone, its country, its calling code; empty where it has none."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "", "", "", ""
    code = str(parsed.country_code)
    length = phonenumbers.length_of_geographical_area_code(parsed)
    area = f"{code}-{phonenumbers.national_significant_number(parsed)[:length]}" if length else ""
    zones = places.time_zones_for_number(parsed)
    zone = zones[0] if len(zones) == 1 and zones[0] != places.UNKNOWN_TIMEZONE else ""
    return area, zone, phonenumbers.region_code_for_number(parsed) or "", code


Rank = Callable[[Line, Callee], "int | tuple[bool, Decimal]"]
_RANKS: Mapping[Choice, Rank] = MappingProxyType(
    {
        Choice.ROTATION: _as_it_comes,
        Choice.STICKY: _known_first,
        Choice.LOCAL: _nearest_first,
        Choice.LEAST_COST: _cheapest_first,
    }
)
