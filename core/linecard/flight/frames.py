"""Frames of audio as lines: fifty in a line, with the moment, the size and the number of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

FRAMES_A_LINE = 50
NANOSECONDS = 9

Place = tuple[int, str]
"""Which stream, and which way: `in` from the carrier, `out` to it, `agent` what the agent gave us."""


@dataclass(slots=True)
class Group:
    """Frames of one stream and way, that become one line."""

    at: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    numbers: list[int | None] = field(default_factory=list)
    audio: list[str] = field(default_factory=list)

    def line(self, place: Place) -> dict[str, Any]:
        """The line; a size that all have in common stands once."""
        line: dict[str, Any] = {
            "t": self.at[0],
            "k": "frames",
            "stream": place[0],
            "dir": place[1],
            "at": self.at,
            "size": self.sizes[0] if len(set(self.sizes)) == 1 else self.sizes,
        }
        if any(number is not None for number in self.numbers):
            line["number"] = self.numbers
        return line | ({"audio": self.audio} if self.audio else {})


class Frames:
    """The groups that are not full yet, and the ticks between them."""

    def __init__(self) -> None:
        self._groups: dict[Place, Group] = {}
        self._ticks: list[float] = []

    def tick(self, at: float) -> dict[str, Any] | None:
        """A moment at which the streams were asked what is due; the line of fifty of them."""
        self._ticks.append(round(at, NANOSECONDS))
        return self._close_ticks() if len(self._ticks) >= FRAMES_A_LINE else None

    def add(
        self,
        place: Place,
        at: float,
        size: int,
        number: int | None = None,
        audio: str | None = None,
    ) -> dict[str, Any] | None:
        """One more frame; the line of its group where that is full now."""
        group = self._groups.setdefault(place, Group())
        group.at.append(round(at, NANOSECONDS))
        group.sizes.append(size)
        group.numbers.append(number)
        if audio is not None:
            group.audio.append(audio)
        return self._close(place) if len(group.at) >= FRAMES_A_LINE else None

    def rest(self) -> Iterator[dict[str, Any]]:
        """The lines of all that has been begun."""
        for place in list(self._groups):
            yield self._close(place)
        if self._ticks:
            yield self._close_ticks()

    def _close_ticks(self) -> dict[str, Any]:
        """The first one, and the nanoseconds from each to the next."""
        ticks, self._ticks = self._ticks, []
        steps = [round((after - before) * 1e9) for before, after in pairwise(ticks)]
        return {"t": ticks[0], "k": "ticks", "ns": steps}

    def _close(self, place: Place) -> dict[str, Any]:
        return self._groups.pop(place).line(place)
