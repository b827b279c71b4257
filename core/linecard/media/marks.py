"""Marks: what the caller has heard. A mark has three ends, and each mark ends exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import count


class MarkEnd(StrEnum):
    """How a mark ended. `unknown`: the carrier never said, or the stream went first."""

    HEARD = "heard"
    CLEARED = "cleared"
    UNKNOWN = "unknown"


@dataclass(slots=True, eq=False)
class Mark:
    """One mark. `wire` is unique in its stream, so that a late report cannot fit another mark.

    `heard_at` is set where the carrier reports no marks: then the clock decides.
    """

    wire: str
    deadline: float
    on_end: Callable[[MarkEnd], None]
    is_sent: bool = False
    heard_at: float | None = None


class Marks:
    """The marks of one stream that have not ended, in their order."""

    __slots__ = (
        "_numbers",
        "_pending",
    )

    def __init__(self) -> None:
        self._pending: dict[str, Mark] = {}
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, deadline: float, on_end: Callable[[MarkEnd], None]) -> Mark:
        """A new mark behind the others. At `deadline` its end is unknown."""
        mark = Mark(f"m{next(self._numbers)}", deadline, on_end)
        self._pending[mark.wire] = mark
        return mark

    def reported(self, wire: str) -> bool:
        """The carrier has played up to a mark, and so up to every one before it.

        False when no such mark was sent, or it has ended: a report after our clear is such a one.
        """
        mark = self._pending.get(wire)
        if mark is None or not mark.is_sent:
            return False
        for earlier in list(self._pending.values()):
            self._end(earlier, MarkEnd.HEARD)
            if earlier is mark:
                break
        return True

    def end_all(self, end: MarkEnd) -> None:
        """End every mark, for a clear or the stream's end."""
        for mark in list(self._pending.values()):
            self._end(mark, end)

    def tick(self, now: float) -> int:
        """End the marks whose time has come; how many ended unknown."""
        unknown = 0
        for mark in list(self._pending.values()):
            if mark.heard_at is not None and mark.heard_at <= now:
                self._end(mark, MarkEnd.HEARD)
            elif mark.deadline <= now:
                unknown += 1
                self._end(mark, MarkEnd.UNKNOWN)
        return unknown

    def _end(self, mark: Mark, end: MarkEnd) -> None:
        # An earlier mark's listener may have ended this one already.
        if self._pending.pop(mark.wire, None) is not None:
            mark.on_end(end)
