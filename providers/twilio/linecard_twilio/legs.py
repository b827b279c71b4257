"""Addresses of a target's leg. Twilio's reports do not say which target of ours a leg is, so our address does.

Two fields of our own stand at the end of its query: `of`, how the target was rung, and `n`, which it is.
They are signed with the rest of the address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from linecard import CarrierRequest, RequestRefused

_POSITION = re.compile(r"[1-9][0-9]?")


class Rung(StrEnum):
    """How a target was rung: by a Dial, by a Dial with a word before it is connected, into a room, or by
    a call of its own whose document speaks to it and then enters the room."""

    DIAL = "dial"
    WHISPER = "whisper"
    ROOM = "room"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Leg:
    """A target's leg."""

    rung: Rung
    position: int

    @property
    def name(self) -> str:
        """As events name it: `target:1`."""
        return f"target:{self.position}"


def for_leg(url: str, leg: Leg) -> str:
    """The address that hears of one target's leg."""
    return f"{url}{'&' if '?' in url else '?'}of={leg.rung}&n={leg.position}"


def leg_of(request: CarrierRequest) -> Leg:
    """The leg that an address is of. Raises RequestRefused (403) for one that we did not give out."""
    said = dict(request.query)
    rung, position = said.get("of", Rung.DIAL.value), said.get("n", "1")
    if rung not in set(Rung) or not _POSITION.fullmatch(position):
        raise RequestRefused("the address is not one that we gave out")
    return Leg(Rung(rung), int(position))
