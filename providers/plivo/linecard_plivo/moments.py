"""Plivo's times. In a hang-up's form SessionStart is UTC and the others are in the account's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

QUARTER = timedelta(minutes=15)
"""Every zone is a whole number of these away from UTC."""


def utc(text: str | None) -> datetime | None:
    """A time that carries its offset, or is UTC; None where it is not readable."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def local(text: str, started: str, session: str) -> datetime | None:
    """A time in the account's zone, told by how far StartTime is from SessionStart; None where that fails.

    A call that waited long in a queue makes it wrong by quarters of an hour: core takes no time that lies
    outside of the call's life.
    """
    moment, start, origin = utc(text), utc(started), utc(session)
    if moment is None or start is None or origin is None:
        return None
    offset = QUARTER * round((start - origin) / QUARTER)
    return moment - offset
