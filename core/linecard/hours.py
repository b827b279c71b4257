"""Hours of a week: open from one time of the day to another, on these days, but not on holidays.

It knows no time zone: whoever asks converts the moment to the local time first, so that what clocks
do in spring and autumn is right by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS_OF_WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = 24 * 60
"""The minutes of a day; as the end of a span, midnight after it."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `begin` to before `end`, in minutes after midnight, on days of the week (0: Monday).

    An end that is not after the begin lies on the day after. A span belongs to the day on which it
    begins: that day's name and that day's holiday count.
    """

    days: frozenset[int]
    begin: int
    end: int

    @classmethod
    def of(cls, days: Iterable[Day], begin: str, end: str) -> Span:
        """A span as people write it: `("mon", "fri")`, `"09:00"`, `"17:30"`; the end may be `"24:00"`."""
        return cls(frozenset(map(DAYS_OF_WEEK.index, days)), minutes(begin), minutes(end))

    @property
    def over_midnight(self) -> bool:
        """Whether it ends on the day after."""
        return self.end <= self.begin


@dataclass(frozen=True, slots=True)
class OpenHours:
    """The spans of a week, and the days on which none begins."""

    spans: tuple[Span, ...]
    holidays: frozenset[date] = frozenset()

    def covers(self, local: datetime) -> bool:
        """Whether it is open at a local time of day."""
        return any(self._covers(span, local) for span in self.spans)

    def edges(self, local: datetime) -> Iterator[datetime]:
        """The local times after this one at which it may open or close, within two days, in no order."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        minutes_of_day = {0} | {edge for span in self.spans for edge in (span.begin, span.end)}
        for day in (midnight, midnight + DAY):
            for edge in minutes_of_day:
                at = day + timedelta(minutes=edge)
                if at > local:
                    yield at

    def _covers(self, span: Span, local: datetime) -> bool:
        today, now = local.date(), local.hour * 60 + local.minute
        if not span.over_midnight:
            return span.begin <= now < span.end and self._begins(span, today)
        if now >= span.begin:
            return self._begins(span, today)
        return now < span.end and self._begins(span, today - DAY)

    def _begins(self, span: Span, day: date) -> bool:
        return day.weekday() in span.days and day not in self.holidays


def minutes(clock: str) -> int:
    """The minutes after midnight of `09:30`; `24:00` is the end of a day."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)
