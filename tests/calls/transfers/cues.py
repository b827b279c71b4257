"""Steps of a call as people wait for them: what the carrier's ledger shows, or what a phone has heard."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linecard.simulator.handset import plain
from linecard.simulator.ledger import Entry, Ledger, What
from linecard.simulator.script import Act, Ear

CALLER = -1
"""Who a leg belongs to: the caller, or a target by its place from 0."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a ledger writes of somebody's leg, for the nth time."""

    who: int
    what: What
    nth: int = 1

    def __str__(self) -> str:
        name = "the caller" if self.who == CALLER else f"target {self.who + 1}"
        return f"{name}: {self.what.value}"


class Cue:
    """A moment that somebody waits for, in this process's one loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def is_reached(self) -> bool:
        return self._event.is_set()

    def reach(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()


@dataclass(frozen=True, slots=True)
class Reaches:
    """A phone that has come so far says so."""

    cue: Cue

    def acts(self, ear: Ear) -> Iterator[Act]:
        self.cue.reach()
        yield Act()


@dataclass(frozen=True, slots=True)
class Until:
    """A phone that says nothing until a moment has come: within 20 ms of the carrier's clock it goes on."""

    cue: Cue

    def acts(self, ear: Ear) -> Iterator[Act]:
        while not self.cue.is_reached:
            yield Act()


class Legs:
    """What a ledger writes of the legs of one call: the caller's, and each target's.

    `seen` has every sign in its order; cues are reached as their sign is written.
    """

    def __init__(self, ledger: Ledger, caller: str, targets: Sequence[str]) -> None:
        self.seen: list[Sign] = []
        self._at: dict[Sign, float] = {}
        self._who = {plain(caller): CALLER} | {plain(to): n for n, to in enumerate(targets)}
        self._legs: dict[str, int] = {}
        self._counts: Counter[tuple[int, What]] = Counter()
        self._cues: dict[Sign, Cue] = {}
        self._unwatch = ledger.watch(self._see)

    def close(self) -> None:
        self._unwatch()

    def cue(self, sign: Sign) -> Cue:
        """The moment of a sign."""
        cue = self._cues.setdefault(sign, Cue())
        if sign in self.seen:
            cue.reach()
        return cue

    def live(self) -> list[int]:
        """Whose legs were begun and have not been hung up."""
        ended = [sign.who for sign in self.seen if sign.what is What.HUNG_UP]
        begun = [sign.who for sign in self.seen if sign.what in (What.DIALLED, What.CALLED_IN)]
        return list((Counter(begun) - Counter(ended)).elements())

    def talked(self, who: int) -> float:
        """How long a leg was up, in seconds of the carrier's clock; 0.0 for one that was never answered."""
        answered, ended = Sign(who, What.ANSWERED), Sign(who, What.HUNG_UP)
        return self._at[ended] - self._at[answered] if self.order(answered, ended) else 0.0

    def has(self, what: What) -> bool:
        """Whether it was written of any target."""
        return any(sign.what is what and sign.who != CALLER for sign in self.seen)

    def order(self, first: Sign, second: Sign) -> bool:
        """Whether the first was written before the second, which was written at all."""
        return first in self.seen and second in self.seen[self.seen.index(first) :]

    def _see(self, entry: Entry) -> None:
        if entry.what in (What.CALLED_IN, What.DIALLED):
            self._begins(entry)
        who = self._whose(entry)
        if who is None:
            return
        self._counts[who, entry.what] += 1
        sign = Sign(who, entry.what, self._counts[who, entry.what])
        self.seen.append(sign)
        self._at[sign] = entry.at
        if sign in self._cues:
            self._cues[sign].reach()

    def _whose(self, entry: Entry) -> int | None:
        """Of a bridge, the target's, whichever end is named first; two targets are no bridge."""
        who = self._legs.get(str(entry.facts.get("leg", entry.call)))
        if entry.what is not What.BRIDGED:
            return who
        ends = {who, self._legs.get(str(entry.call))}
        others = ends - {CALLER}
        return others.pop() if CALLER in ends and len(others) == 1 else None

    def _begins(self, entry: Entry) -> None:
        far = entry.facts["from" if entry.what is What.CALLED_IN else "to"]
        who = self._who.get(plain(str(far)))
        if who is not None:
            self._legs[str(entry.facts["leg"])] = who
