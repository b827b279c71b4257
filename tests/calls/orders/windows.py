"""Six callbacks at a time: all their orders can be walked, and of more they cannot.

A call with more of them is walked several times, by overlapping sixes in which each has its turn; whatever
is not among the six is lost in that walk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.calls.orders.capturing import Told

MOST = 6
QUIET = (
    "CallStatus=initiated",
    "Event=StartStream|StreamEvent=",
    "CallStatus=ringing",
    "Event=DialConnected",
    "CallStatus=in-progress.*call-progress-events",
    "[?&]k=leg",
)
"""What tells least, the least first: it has its turn after the others."""


@dataclass(frozen=True, slots=True)
class Part:
    """Callbacks of a call that are walked together, and those that are lost meanwhile."""

    told: Sequence[Told]
    lost: Sequence[Told] = ()

    def __str__(self) -> str:
        lost = ", ".join(one.name for one in self.lost)
        return f"{len(self.told)} callbacks" + (f" without {lost}" if lost else "")


def windows(told: Sequence[Told], *, first_stays: bool = False) -> list[Part]:
    """The parts of a call: all its callbacks, or sixes in which each comes at least once.

    The first six are those that tell most. In each further one are three of the others, beside the three
    that tell most; `first_stays`: without its first callback there is no call.
    """
    if len(told) <= MOST:
        return [Part(told)]
    first = [0] if first_stays else []
    loudest = first + sorted(set(range(len(told))) - {*first}, key=lambda place: _rank(told[place]))
    rest, beside = loudest[MOST:], loudest[: MOST // 2]
    chunks = [rest[at : at + MOST // 2] for at in range(0, len(rest), MOST // 2)]
    return [
        _part(told, {*places}) for places in (loudest[:MOST], *(beside + one for one in chunks))
    ]


def _part(told: Sequence[Told], places: set[int]) -> Part:
    return Part(
        [one for place, one in enumerate(told) if place in places],
        [one for place, one in enumerate(told) if place not in places],
    )


def _rank(one: Told) -> int:
    """0 for what tells most."""
    text = f"{one.request.url} {one.request.body.decode(errors='replace')}"
    quiet = (place for place, words in enumerate(QUIET) if re.search(words, text))
    return len(QUIET) - next(quiet, len(QUIET))
