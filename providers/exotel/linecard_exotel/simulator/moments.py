"""Times as Exotel writes them: India's, without a zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

INDIA = timezone(timedelta(hours=5, minutes=30))
EPOCH = "1970-01-01 05:30:00"
"""The EndTime of a call that goes on: the Unix epoch in India's time."""

STAMP = "%Y-%m-%d %H:%M:%S"


def stamp(moment: float) -> str:
    """`2026-08-25 12:07:09`."""
    return datetime.fromtimestamp(moment, INDIA).strftime(STAMP)


def stamp_or_none(moment: float | None) -> str | None:
    """The same; None for what has not happened."""
    return None if moment is None else stamp(moment)


def created(moment: float) -> str:
    """`Tue, 25 Aug 2026 12:07:08`, which looks like an RFC's date and lacks its zone."""
    return datetime.fromtimestamp(moment, INDIA).strftime("%a, %d %b %Y %H:%M:%S")


def unix(text: str) -> float:
    """The moment of a `2026-08-25 12:07:09`. Raises ValueError."""
    return datetime.strptime(text, STAMP).replace(tzinfo=INDIA).timestamp()
