"""Whether a person may be called now, by the time of day where they are; and if not, when.

A moment is converted to the local time of every place where the person may be, and must be open in all
of them. It must stay open for as long as a dial may take to reach the carrier, since it is the carrier's
moment that the person's telephone rings by. Whatever is not known counts as closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as places

from linecard import DAYS_OF_WEEK, OpenHours

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No machine that runs this has a right clock that shows an earlier time."""
DIAL_TAKES = timedelta(seconds=30)
"""From the judgement until the carrier has the dial, at the longest: connecting, sending, and its answer."""
LOOK_AGAIN = timedelta(minutes=10)
"""When the clock is asked again after it was found wrong."""
HORIZON = timedelta(days=40)
"""Hours that have not come by then never come: a week repeats itself, and holidays do not last so long."""
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nobody is called now, and when it may be tried again; None: never, as far as anybody knows."""

    reason: str
    until: datetime | None


def zones_of(number: str, of_lead: str | None, of_plan: str | None) -> tuple[str, ...]:
    """Every time zone in which a number may be, by name; none where nobody knows.

    The lead's own zone counts before the plan's, and the plan's before what the number tells: a toll-free
    number may ring in forty zones, and one from a satellite in any.
    """
    named = of_lead or of_plan
    return _that_exist((named,)) if named else _told_by(number)


def is_open(hours: OpenHours, zones: Sequence[str], at: datetime) -> bool:
    """Whether a dial may go out at this moment, wherever in these zones the person is."""
    if at < BUILT or not zones:
        return False
    return all(_not_before(hours, info, at) == at for info in _infos(zones))


def closed(hours: OpenHours, zones: Sequence[str], *clocks: datetime) -> Closed | None:
    """Why it is closed, or None where a dial may go out now.

    `clocks` are all readings of the time that there are: the machine's, and one that counts on from the start
    of the process. Where they differ somebody has set the one, or the machine has slept through the other; it
    must be open by each of them, so that no jump opens what is closed.
    """
    found = [_closed_at(hours, zones, at) for at in clocks]
    shut = [one for one in found if one is not None]
    if not shut:
        return None
    never = next((one for one in shut if one.until is None), None)
    return never or max(shut, key=lambda one: one.until or BUILT)


def never(hours: OpenHours, zones: Sequence[str], at: datetime) -> str | None:
    """Why no hour will ever come in which a dial may go out, or None where one will."""
    if not zones:
        return "nobody knows in which time zone the number is; give the lead one"
    if next_open(hours, zones, at) is None:
        return f"no hour is open in all of the {len(zones)} time zones in which the number may be"
    return None


def next_open(hours: OpenHours, zones: Sequence[str], after: datetime) -> datetime | None:
    """The first moment from `after` on at which a dial may go out; None where there is none, or no zone."""
    if not zones:
        return None
    infos, at = _infos(zones), max(after, BUILT)
    last = at + HORIZON
    while at <= last:
        later = max(_not_before(hours, info, at) for info in infos)
        if later == at:
            return at
        at = later
    return None


def _closed_at(hours: OpenHours, zones: Sequence[str], at: datetime) -> Closed | None:
    if at < BUILT:
        return Closed(f"the clock is wrong: it shows {at:%Y-%m-%d}", at + LOOK_AGAIN)
    if not zones:
        return Closed("nobody knows in which time zone the number is", None)
    for zone, info in zip(zones, _infos(zones), strict=True):
        if _not_before(hours, info, at) > at:
            return Closed(_reason(hours, zone, at.astimezone(info)), next_open(hours, zones, at))
    return None


def _reason(hours: OpenHours, zone: str, local: datetime) -> str:
    if local.date() in hours.holidays:
        return f"{local.date()} is a holiday in {zone}"
    return f"closed at {DAYS_OF_WEEK[local.weekday()]} {local:%H:%M} in {zone}"


def _not_before(hours: OpenHours, info: ZoneInfo, at: datetime) -> datetime:
    """This moment where a whole dial is open from here on; else a later one before which none is."""
    if not hours.covers(at.astimezone(info)):
        return _change(hours, info, at)
    edge = at
    while (edge := _change(hours, info, edge)) < at + DIAL_TAKES:
        if not hours.covers(edge.astimezone(info)):
            return edge
    return at


def _change(hours: OpenHours, info: ZoneInfo, at: datetime) -> datetime:
    """The next moment at which it may open or close here: by the hours, or because the clocks are put."""
    local = at.astimezone(info)
    wall = local.replace(tzinfo=None, fold=0)
    edge = at + (min(hours.edges(wall)) - wall)
    if edge.astimezone(info).utcoffset() == local.utcoffset():
        return edge
    return _clocks_put(info, at, edge)


def _clocks_put(info: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second with another offset than at `low`; `high` has one."""
    before, low = low.astimezone(info).utcoffset(), low.replace(microsecond=0)
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // SECOND // 2)
        if middle.astimezone(info).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _infos(zones: Iterable[str]) -> list[ZoneInfo]:
    return [ZoneInfo(zone) for zone in zones]


@lru_cache(10_000)
def _told_by(number: str) -> tuple[str, ...]:
    """The zones of an E.164 number; a single one that is unknown makes all of it unknown."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ()
    found = places.time_zones_for_number(parsed)
    return () if places.UNKNOWN_TIMEZONE in found else _that_exist(found)


@lru_cache(1000)
def _that_exist(zones: tuple[str, ...]) -> tuple[str, ...]:
    """The zones that there are; one without a ZoneInfo makes all unknown."""
    try:
        _infos(zones)
    except (KeyError, ValueError, OSError):
        return ()
    return zones
