"""How often one person may be called, counted over a time that slides: whatever campaign it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from linecard import InvalidField
from linecard_campaigns.reading import fields, many, whole

_UNITS: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_YEAR = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `calls` attempts in any `seconds`."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A cap that is reached: until when, and the reason in words."""

    until: datetime
    reason: str


def longest(caps: Iterable[Cap]) -> timedelta:
    """How far back attempts count at all."""
    return timedelta(seconds=max((cap.seconds for cap in caps), default=0))


def reached(caps: Iterable[Cap], attempts: Iterable[datetime], at: datetime) -> Reached | None:
    """The cap that forbids another attempt now, of several the one that holds longest; None: none does.

    `attempts` are the instants of those to the number. One that the clock has still to come to counts:
    a clock that was set back must not open what was closed.
    """
    times = sorted(attempts)
    found = [one for cap in caps if (one := _reached(cap, times, at)) is not None]
    return max(found, key=lambda one: one.until, default=None)


def _reached(cap: Cap, times: Sequence[datetime], at: datetime) -> Reached | None:
    span = timedelta(seconds=cap.seconds)
    within = [one for one in times if one > at - span]
    if len(within) < cap.calls:
        return None
    reason = f"{len(within)} of {cap.calls} calls in {_words(cap.seconds)}"
    return Reached(within[-cap.calls] + span, reason)


def _words(seconds: int) -> str:
    unit, size = max(
        ((unit, size) for unit, size in _UNITS.items() if seconds % size == 0),
        key=lambda one: one[1],
    )
    count = seconds // size
    return f"{count} {unit if count != 1 else unit[:-1]}"


def read_cap(given: object, field: str) -> Cap:
    """One cap: `{"calls": 7, "days": 7}`, or with hours, minutes or seconds. Raises InvalidField."""
    read = fields(given, field, _KEYS, required=("calls",))
    seconds = sum(read.get(unit, 0) * size for unit, size in _UNITS.items())
    if not 1 <= seconds <= _YEAR:
        raise InvalidField(field, f"needs a time of at most a year, in {', '.join(_UNITS)}")
    return Cap(read["calls"], seconds)


def write_cap(cap: Cap) -> dict[str, object]:
    """A cap as JSON carries it."""
    return {"calls": cap.calls, "seconds": cap.seconds}


_KEYS: Mapping[str, Any] = {
    "calls": whole(1, 1000),
    **{unit: whole(0, _YEAR // size) for unit, size in _UNITS.items()},
}
read_caps = many(read_cap, 20)
