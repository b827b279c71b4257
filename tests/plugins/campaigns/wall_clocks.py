"""What a clock on the wall of a place shows, told by the C library and not by zoneinfo; and when clocks are put."""

from __future__ import annotations

import os
import time
import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path

ZONES = sorted(zoneinfo.available_timezones())
"""Every name; many are names of the same clock."""
FIRST = int(datetime(2026, 11, 8, tzinfo=UTC).timestamp())
LAST = int(datetime(2028, 11, 8, tzinfo=UTC).timestamp())
DAY = 86_400


@contextmanager
def on_the_wall_of(zone: str) -> Iterator[None]:
    """Let `time.localtime` show the time of a place."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = f":{_file(zone)}"
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def changes(zone: str) -> list[int]:
    """The Unix times in two years at which the clocks of a place are put, to the second."""
    with on_the_wall_of(zone):
        days = range(FIRST, LAST, DAY)
        return [_bisected(day, day + DAY) for day in days if _offset(day) != _offset(day + DAY)]


def is_open(window: Mapping[int, list[tuple[int, int]]], at: int) -> bool:
    """Whether the wall clock stands within a window: minutes by the day of the week on which it begins.

    Minutes go on after midnight: 22:00 to 02:00 is 1320 to 1560.
    """
    wall = time.localtime(at)
    minute, day = wall.tm_hour * 60 + wall.tm_min, wall.tm_wday
    today = any(begin <= minute < end for begin, end in window.get(day, ()))
    return today or any(
        begin <= minute + 1440 < end for begin, end in window.get((day - 1) % 7, ())
    )


def _offset(at: int) -> int:
    return time.localtime(at).tm_gmtoff


def _bisected(low: int, high: int) -> int:
    before = _offset(low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle) == before else (low, middle)
    return high


def clocks() -> list[str]:
    """One name for each clock that there is: files that are alike are one."""
    return sorted({_file(zone).read_bytes(): zone for zone in reversed(ZONES)}.values())


@cache
def _file(zone: str) -> Path:
    """The file that zoneinfo reads too."""
    places = [Path(place) for place in zoneinfo.TZPATH]
    places.append(Path(str(resources.files("tzdata") / "zoneinfo")))
    return next(place / zone for place in places if (place / zone).is_file())
