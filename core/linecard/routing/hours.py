"""Whether a number is open: the time of day where it stands, whatever its clocks do."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from linecard.routing.plan import DAYS, Hours, Window

MIDNIGHT_AFTER = "24:00"
DAY = timedelta(days=1)


def closed_because(hours: Hours, at: datetime) -> str | None:
    """Why the number is closed at an aware time, or None where it is open.

    A window belongs to the day on which it begins: one over midnight that begins on the day before a
    holiday goes on to its end, and one that would begin on the holiday does not.
    """
    local = at.astimezone(ZoneInfo(hours.zone))
    today = local.date()
    if any(_covers(hours, window, today, local.time()) for window in hours.windows):
        return None
    if today in hours.holidays:
        return f"{today} is a holiday"
    return f"closed at {DAYS[today.weekday()]} {local:%H:%M} in {hours.zone}"


def is_holiday(hours: Hours, at: datetime) -> bool:
    """Whether it is a holiday where the number stands."""
    return at.astimezone(ZoneInfo(hours.zone)).date() in hours.holidays


def _covers(hours: Hours, window: Window, today: date, now: time) -> bool:
    begin = time.fromisoformat(window.from_)
    if window.to == MIDNIGHT_AFTER:
        return _begins(hours, window, today) and now >= begin
    end = time.fromisoformat(window.to)
    if begin < end:
        return _begins(hours, window, today) and begin <= now < end
    if now >= begin:
        return _begins(hours, window, today)
    return now < end and _begins(hours, window, today - DAY)


def _begins(hours: Hours, window: Window, day: date) -> bool:
    return DAYS[day.weekday()] in window.days and day not in hours.holidays
