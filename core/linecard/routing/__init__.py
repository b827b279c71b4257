"""Where a call that comes in goes: rules as data, and one pure decision with its reason."""

from __future__ import annotations

from linecard.routing.checking import Carrier, check, targets
from linecard.routing.deciding import Arrival, Decision, decide, rate_limit_for
from linecard.routing.plan import Action, Do, Entry, Menu, Message, Routing, as_data

__all__ = [
    "Action",
    "Arrival",
    "Carrier",
    "Decision",
    "Do",
    "Entry",
    "Menu",
    "Message",
    "Routing",
    "as_data",
    "check",
    "decide",
    "rate_limit_for",
    "targets",
]
