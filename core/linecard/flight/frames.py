"""Frames of audio as lines: fifty in a line, with the moment, the size and the number of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
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
    """The groups that are not full yet."""

    def __init__(self) -> None:
        self._groups: dict[Place, Group] = {}

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

    def _close(self, place: Place) -> dict[str, Any]:
        return self._groups.pop(place).line(place)
