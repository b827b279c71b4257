"""All orders, repeats and losses of a call's callbacks at once: a walk over what our server can know.

From every state that it can be in, every callback is delivered, those that came before as well, until
no new state appears. What it has written by then is what any order, any number of repeats and any loss
can lead to, since the next request meets nothing but what was written.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import comb, factorial

from linecard.simulator.wire import Request
from tests.calls.orders.office import Office, Rows
from tests.calls.orders.records import Record, record_of, state_of, told_of
from tests.calls.orders.windows import Part

Heard = frozenset[int]
A_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Found:
    """What the walk has met: for each set of callbacks all that stood on record once they were in."""

    opens: bool = False
    deliveries: int = 0
    statuses: set[tuple[int, int]] = field(default_factory=set)
    states: dict[tuple[Heard, str], Rows] = field(default_factory=dict)
    ways: dict[tuple[Heard, str], tuple[int, ...]] = field(default_factory=dict)

    def opened_late(self, way: Sequence[int]) -> bool:
        """Whether a call that comes in was opened by a request behind the report of its end: then it has
        no earlier time of its own than that."""
        return self.opens and way[:1] != (0,)


@dataclass(frozen=True, slots=True)
class Scene:
    """A call's callbacks, or six of them, and what stood in the database before them.

    A call that comes in is opened by the first, at its own time: no carrier asks for an answer an hour late.
    """

    start: Rows
    part: Part
    opened_at: datetime | None = None

    @property
    def requests(self) -> Sequence[Request]:
        return [one.request for one in self.part.told]

    def may_come(self, rows: Rows, place: int) -> bool:
        """Nobody has an address of a call that is not there yet."""
        return bool(rows["calls"]) or not re.search(r"[?&]c=", self.requests[place].url)

    def at(self, place: int) -> datetime | None:
        """When it comes, None for late."""
        return self.opened_at if place == 0 else None


async def explore(office: Office, scene: Scene) -> Found:
    """Deliver every request from every state that can be reached."""
    await office.restore(scene.start)
    found, start = Found(opens=scene.opened_at is not None), await office.rows()
    first = (frozenset[int](), state_of(start))
    found.states[first], found.ways[first] = start, ()
    waiting = deque([first])
    while waiting:
        heard, _ = here = waiting.popleft()
        for place, request in enumerate(scene.requests):
            if not scene.may_come(found.states[here], place):
                continue
            await office.restore(found.states[here])
            found.statuses.add((place, await office.take(request, scene.at(place))))
            found.deliveries += 1
            rows = await office.rows()
            there = (heard | {place}, state_of(rows))
            if there not in found.states:
                found.states[there], found.ways[there] = rows, (*found.ways[here], place)
                waiting.append(there)
    return found


def told_apart(found: Found, without: frozenset[str] = frozenset()) -> Iterator[str]:
    """Where the same callbacks in another order, or again, stand differently on record, in all fields but these."""
    seen: dict[tuple[Heard, bool], tuple[object, tuple[int, ...]]] = {}
    for here, rows in found.states.items():
        heard, way = here[0], found.ways[here]
        record = record_of(rows, without), told_of(rows, without)
        kind = heard, found.opened_late(way)
        other, other_way = seen.setdefault(kind, (record, way))
        if record != other:
            yield f"{way}: {record}\n{other_way}: {other}"


def alike(one: object, other: object) -> bool:
    """Whether two records are the same, times to the second that carriers tell them to."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= A_SECOND
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


async def settled_apart(office: Office, found: Found, without: frozenset[str]) -> list[str]:
    """Where what was lost still shows once the carrier has been asked, in all fields but these."""
    faults: list[str] = []
    whole: dict[bool, Record] = {}
    for here in sorted(found.states, key=lambda one: -len(one[0])):
        if not found.states[here]["calls"]:
            continue  # a call whose answer was never asked for is none of ours
        await office.restore(found.states[here])
        await office.settle()
        record = record_of(await office.rows(), without)
        other = whole.setdefault(found.opened_late(found.ways[here]), record)
        if not alike(record, other):
            faults.append(f"only {found.ways[here]}: {record}\nall: {other}")
    return faults


def cases(events: int) -> int:
    """How many deliveries of so many callbacks there are, each left out, once or twice, in every order."""
    return sum(
        comb(events, once) * comb(events - once, twice) * factorial(once + 2 * twice) // 2**twice
        for once in range(events + 1)
        for twice in range(events - once + 1)
    )
