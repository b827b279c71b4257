"""The `window` of a plan, in each of the ways in which people write opening hours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from linecard import DAYS_OF_WEEK, Day, InvalidField, Span
from linecard_campaigns.reading import fields, many

ALWAYS = (Span.of(DAYS_OF_WEEK, "00:00", "24:00"),)
_RANGE = re.compile(r"(.{5})\s*(?:-|–|to)\s*(.{5})")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MOST = 100
_SHAPE = 'must be such as "09:00-17:30"'


def read_window(given: object, field: str) -> tuple[Span, ...]:
    """The spans of a window.

    It is `"09:00-17:30"` for every day; an object `{"days": ["mon", ...], "from": "09:00", "to": "17:30"}`;
    an object by day of the week, `{"mon": "09:00-17:30", "sat": ["10:00-12:00", ...]}`; or a list of the
    first two. An end before its beginning is on the day after. Raises InvalidField.
    """
    spans = tuple(_spans(given, field))
    if len(spans) > _MOST:
        raise InvalidField(field, f"must have at most {_MOST} windows")
    if not spans:
        raise InvalidField(field, "is never open; leave it out for every hour")
    return spans


def write_window(spans: tuple[Span, ...]) -> list[dict[str, object]]:
    """A window as JSON carries it."""
    return [_written(span) for span in spans]


def _spans(given: object, field: str) -> Iterator[Span]:
    if isinstance(given, str):
        yield _range(given, field, DAYS_OF_WEEK)
    elif isinstance(given, Mapping):
        yield from (
            _by_day(given, field) if set(given) <= set(DAYS_OF_WEEK) else [_object(given, field)]
        )
    else:
        yield from many(_one, _MOST)(given, field)


def _one(given: object, field: str) -> Span:
    return (
        _object(given, field) if isinstance(given, Mapping) else _range(given, field, DAYS_OF_WEEK)
    )


def _by_day(given: Mapping[str, object], field: str) -> Iterator[Span]:
    for day in DAYS_OF_WEEK:
        ranges, path = given.get(day), f"{field}.{day}"
        if isinstance(ranges, list | tuple):
            for place, one in enumerate(ranges):
                yield _range(one, f"{path}.{place}", (day,))
        elif ranges is not None:
            yield _range(ranges, path, (day,))


def _object(given: Mapping[str, object], field: str) -> Span:
    read = fields(given, field, _KEYS, required=("from", "to"))
    return _span(read.get("days", DAYS_OF_WEEK), read["from"], read["to"], f"{field}.to")


def _range(given: object, field: str, days: tuple[Day, ...]) -> Span:
    if isinstance(given, Mapping):
        read = fields(given, field, {"from": _clock, "to": _clock_end}, required=("from", "to"))
        return _span(days, read["from"], read["to"], f"{field}.to")
    found = _RANGE.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None:
        raise InvalidField(field, _SHAPE)
    return _span(days, _clock(found[1], field), _clock_end(found[2], field), field)


def _span(days: tuple[Day, ...], begin: str, end: str, field: str) -> Span:
    if begin == end:
        raise InvalidField(field, "is the same as from; a whole day is 00:00 to 24:00")
    return Span.of(days, begin, end)


def _clock(given: object, field: str) -> str:
    if not isinstance(given, str) or not _CLOCK.fullmatch(given):
        raise InvalidField(field, f"{given!r} is not a time of day such as 09:00")
    return given


def _clock_end(given: object, field: str) -> str:
    return "24:00" if given == "24:00" else _clock(given, field)


def _day(given: object, field: str) -> Day:
    if given not in DAYS_OF_WEEK:
        raise InvalidField(field, f"must be one of {', '.join(DAYS_OF_WEEK)}")
    return DAYS_OF_WEEK[DAYS_OF_WEEK.index(given)]


_KEYS: Mapping[str, Any] = {"days": many(_day, 7, 1), "from": _clock, "to": _clock_end}


def _written(span: Span) -> dict[str, object]:
    days = [DAYS_OF_WEEK[day] for day in sorted(span.days)]
    return {"days": days, "from": _time(span.begin), "to": _time(span.end)}


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
