"""Whether a number is open: the time of day where it stands, whatever its clocks do."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from linecard.hours import DAYS_OF_WEEK, OpenHours, Span
from linecard.routing.plan import Hours


def closed_because(hours: Hours, at: datetime) -> str | None:
    """Why the number is closed at an aware time, or None where it is open.

    A window belongs to the day on which it begins: one over midnight that begins on the day before a
    holiday goes on to its end, and one that would begin on the holiday does not.
    """
    local = at.astimezone(ZoneInfo(hours.zone))
    if _open_hours(hours).covers(local):
        return None
    if local.date() in hours.holidays:
        return f"{local.date()} is a holiday"
    return f"closed at {DAYS_OF_WEEK[local.weekday()]} {local:%H:%M} in {hours.zone}"


def is_holiday(hours: Hours, at: datetime) -> bool:
    """Whether it is a holiday where the number stands."""
    return at.astimezone(ZoneInfo(hours.zone)).date() in hours.holidays


def _open_hours(hours: Hours) -> OpenHours:
    spans = tuple(Span.of(window.days, window.from_, window.to) for window in hours.windows)
    return OpenHours(spans, frozenset(hours.holidays))
