"""Opening hours against an oracle of naive local intervals, at every change of every zone's clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linecard.hours import DAYS_OF_WEEK
from linecard.routing.hours import closed_because
from linecard.routing.plan import Hours, Window

ZONES = sorted(available_timezones())
DAY = timedelta(days=1)
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def oracle(hours: Hours, at: datetime) -> bool:
    """Open, if the wall clock stands in an interval that begins on one of the days around."""
    wall = at.astimezone(ZoneInfo(hours.zone)).replace(tzinfo=None, fold=0)
    return any(
        begin <= wall < end
        for window in hours.windows
        for offset in (-1, 0)
        for begin, end in _interval(hours, window, wall.date() + offset * DAY)
    )


def _interval(hours: Hours, window: Window, day: date) -> Iterator[tuple[datetime, datetime]]:
    if DAYS_OF_WEEK[day.weekday()] not in window.days or day in hours.holidays:
        return
    begin = datetime.combine(day, time.fromisoformat(window.from_))
    if window.to == "24:00":
        yield begin, datetime.combine(day + DAY, time())
        return
    end = datetime.combine(day, time.fromisoformat(window.to))
    yield begin, end if end > begin else end + DAY


@cache
def transitions(zone: str) -> tuple[datetime, ...]:
    """Every change of a zone's clocks within two years, to the second."""
    found, at, info = [], FIRST, ZoneInfo(zone)
    while at < LAST:
        following = at + 7 * DAY
        if at.astimezone(info).utcoffset() != following.astimezone(info).utcoffset():
            found.append(_bisected(info, at, following))
        at = following
    return tuple(found)


def _bisected(info: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = low.astimezone(info).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        low, high = (
            (middle, high) if middle.astimezone(info).utcoffset() == before else (low, middle)
        )
    return high


def window(start: str, end: str, days: tuple[str, ...] = DAYS_OF_WEEK) -> dict[str, object]:
    return {"from": start, "to": end, "days": days}


def hours(zone: str, *windows: dict[str, object], holidays: tuple[str, ...] = ()) -> Hours:
    return Hours.model_validate({"zone": zone, "windows": windows, "holidays": holidays})


AROUND = [
    timedelta(minutes=15 * step, seconds=nudge) for step in range(-26, 27) for nudge in (-1, 0)
]
PLANS = (
    (window("00:30", "03:00"), window("22:00", "01:30", ("sat", "sun"))),
    (window("02:00", "02:30"), window("12:00", "24:00", ("sun",))),
)


def test_every_zones_changes_agree_with_the_wall_clock() -> None:
    checked = 0
    for zone in ZONES:
        for plan in PLANS:
            kept = hours(zone, *plan)
            for change in transitions(zone):
                for step in AROUND:
                    at = change + step
                    assert (closed_because(kept, at) is None) == oracle(kept, at), (zone, at)
                    checked += 1
    assert checked > 50_000


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
windows = st.builds(
    window,
    times,
    times,
    st.lists(st.sampled_from(DAYS_OF_WEEK), min_size=1, max_size=7, unique=True),
).filter(lambda one: one["from"] != one["to"])


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(windows, max_size=4),
    st.integers(946_684_800, 2_114_380_800).map(lambda at: datetime.fromtimestamp(at, UTC)),
    st.integers(-1, 1),
)
def test_any_hours_at_any_time(
    zone: str, given_windows: list[dict[str, object]], at: datetime, holiday: int
) -> None:
    day = at.astimezone(ZoneInfo(zone)).date() + holiday * DAY
    kept = hours(zone, *given_windows, holidays=(day.isoformat(),))
    assert (closed_because(kept, at) is None) == oracle(kept, at)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-08T06:59:00+00:00", True),  # 01:59 EST
        ("2026-03-08T07:00:00+00:00", False),  # 03:00 EDT: the hour from 2 to 3 is not there
        ("2026-11-01T05:30:00+00:00", True),  # 01:30 EDT, and once more
        ("2026-11-01T06:30:00+00:00", True),  # 01:30 EST
        ("2026-11-01T07:00:00+00:00", True),  # 02:00 EST
        ("2026-11-01T08:00:00+00:00", False),
    ],
)
def test_the_night_of_a_change(at: str, is_open: bool) -> None:
    kept = hours("America/New_York", window("01:00", "03:00"))
    assert (closed_because(kept, datetime.fromisoformat(at)) is None) == is_open


def test_a_window_over_midnight_belongs_to_its_first_day() -> None:
    kept = hours("UTC", window("22:00", "02:00", ("fri",)), holidays=("2026-11-28",))
    assert closed_because(kept, datetime(2026, 11, 28, 1, 59, tzinfo=UTC)) is None
    told = closed_because(kept, datetime(2026, 11, 28, 2, tzinfo=UTC))
    assert told == "2026-11-28 is a holiday"
    begins_on_one = hours("UTC", window("22:00", "02:00"), holidays=("2026-11-28",))
    assert closed_because(begins_on_one, datetime(2026, 11, 29, 1, tzinfo=UTC)) is not None


def test_a_closed_number_says_since_when_it_looked() -> None:
    kept = hours("Asia/Kolkata", window("09:00", "18:00"))
    told = closed_because(kept, datetime(2026, 11, 27, 13, 0, tzinfo=UTC))
    assert told == "closed at fri 18:30 in Asia/Kolkata"
