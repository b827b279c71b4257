"""A plugin: no calls go out at night, and every end of a call is counted."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import linecard

ZONE = ZoneInfo("Europe/London")
ended: Counter[str] = Counter()


@linecard.hookimpl
async def may_dial(call: linecard.Call) -> str | None:
    """A veto with its reason; it stands in the answer of the API."""
    hour = call.created_at.astimezone(ZONE).hour
    return None if 8 <= hour < 20 else f"it is {hour} o'clock in {ZONE.key}"


@linecard.hookimpl
def call_event(event: linecard.CarrierEvent, call: linecard.Call) -> None:
    """Told of every event, once it is stored."""
    if isinstance(event, linecard.LegEnded) and event.leg == "caller":
        ended[call.status] += 1
