"""What a call's record says of each event: short facts, no digits and no secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields

from linecard.events import CarrierEvent

HIDDEN = frozenset({"key", "carrier_ids", "digits", "url", "at", "answered_at"})
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def event_name(event: object) -> str:
    """`CallRinging` -> `call-ringing`."""
    return event_name_of(type(event))


def event_name_of(kind: type[object]) -> str:
    """The same of a class of events."""
    return _CAPITAL.sub("-", kind.__name__).lower()


def event_facts(event: CarrierEvent) -> Mapping[str, object]:
    """The facts of an event as the record keeps them."""
    shown = (item.name for item in fields(event) if item.name not in HIDDEN)
    facts = {name.rstrip("_"): getattr(event, name) for name in shown}
    return {name: value for name, value in facts.items() if value not in (None, "", False)}
