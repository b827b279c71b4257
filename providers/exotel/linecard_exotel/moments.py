"""Exotel's times: written without a zone, in the account's own."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

INDIA = "Asia/Kolkata"


def moment(text: str | None, zone: str) -> datetime | None:
    """A time of Exotel's; None where it is not readable."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))
