"""The sequence of a call: one row for each moment, placed between its lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linecard.demo.report import Report
from linecard.demo.story import Moment, Phase, Who

LANES: tuple[Who, ...] = tuple(Who)


@dataclass(frozen=True, slots=True)
class Row:
    """A moment as a row. `left` and `right` are lanes from 0; they are the same for a note.

    `phase` is the name of a phase that begins with this row, else empty.
    """

    number: int
    at: float
    left: int
    right: int
    points: str
    tone: str
    text: str
    phase: str


def sequence(report: Report) -> list[Row]:
    """The rows of a call."""
    waiting = sorted(report.phases, key=lambda phase: phase.start)
    return [
        _row(number, moment, _begun(waiting, moment))
        for number, moment in enumerate(report.moments, 1)
    ]


def _begun(waiting: list[Phase], moment: Moment) -> str:
    """The name of the last phase that has begun by a moment; each is named once."""
    name = ""
    while waiting and waiting[0].start <= moment.at:
        name = waiting.pop(0).label
    return name


def _row(number: int, moment: Moment, phase: str) -> Row:
    source, target = LANES.index(moment.source), LANES.index(moment.target)
    points = "note" if source == target else "right" if source < target else "left"
    left, right = sorted((source, target))
    return Row(number, moment.at, left, right, points, moment.tone.value, moment.text, phase)


def lane_names() -> Sequence[str]:
    """The heads of the lanes."""
    return [who.value for who in LANES]
