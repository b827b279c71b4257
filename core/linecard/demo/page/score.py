"""The score of a call: lanes above, both sides of the sound below, all on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from linecard.demo.report import Recorded, Report, Talk
from linecard.demo.story import Mark, Marked, Moment, Phase, Who

Samples = npt.NDArray[np.int16]

WIDTH = 1160.0
LEFT = 92.0
RIGHT = 1144.0
PHASES_Y = 20.0
LANES_Y = 72.0
LANE_STEP = 38.0
WAVES_Y = 256.0
WAVE_HEIGHT = 84.0
WAVE_STEP = 90.0
FULL = 20_000
STEPS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
MOST_TICKS = 16
LANES: tuple[Who, ...] = tuple(Who)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A moment between two lanes."""

    x: float
    y1: float
    y2: float
    tone: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch on the time axis, in pixels, with a row and a label."""

    x: float
    width: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark through the whole score; `row` keeps neighbours apart."""

    x: float
    row: int
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wave:
    """One side of the sound as a path."""

    name: str
    middle: float
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score, laid out in pixels."""

    lanes: Sequence[Bar]
    phases: Sequence[Bar]
    arrows: Sequence[Arrow]
    talk: Sequence[Bar]
    waves: Sequence[Wave]
    flags: Sequence[Flag]
    ticks: Sequence[Flag]
    pixels_per_second: float
    sound_at: float


class Axis:
    """Seconds to pixels."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 1.0)
        self.scale = (RIGHT - LEFT) / self.seconds

    def x(self, at: float) -> float:
        """Where a moment stands."""
        return round(LEFT + min(max(at, 0.0), self.seconds) * self.scale, 2)

    def bar(self, phase: Phase, y: float, label: str) -> Bar:
        """A stretch as a bar."""
        x = self.x(phase.start)
        return Bar(x, round(self.x(phase.end) - x, 2), y, label)


def score(report: Report) -> Score:
    """Lay a call out."""
    axis = Axis(_length(report))
    return Score(
        lanes=[Bar(LEFT, RIGHT - LEFT, lane_y(who), who.value) for who in LANES],
        phases=[axis.bar(phase, PHASES_Y, _fitting(axis, phase)) for phase in report.phases],
        arrows=_arrows(axis, report.moments),
        talk=[_bar(axis, talk) for talk in report.talk],
        waves=_waves(axis, report),
        flags=_flags(axis, report.marks),
        ticks=_ticks(axis),
        pixels_per_second=round(axis.scale, 4),
        sound_at=report.sound.at if report.sound else 0.0,
    )


def lane_y(who: Who) -> float:
    """The height of a lane."""
    return LANES_Y + LANE_STEP * LANES.index(who)


def _length(report: Report) -> float:
    ends = [moment.at for moment in report.moments]
    tracks = (report.sound, report.recorded)
    ends += [track.at + track.seconds for track in tracks if track]
    return max(ends, default=1.0) + 0.4


def _fitting(axis: Axis, phase: Phase) -> str:
    """The label of a phase, or nothing where there is no room for it."""
    return phase.label if (phase.end - phase.start) * axis.scale > 6.2 * len(phase.label) else ""


def _bar(axis: Axis, talk: Talk) -> Bar:
    return axis.bar(Phase(talk.start, talk.end, ""), lane_y(talk.who), talk.who.value)


def _arrows(axis: Axis, moments: Sequence[Moment]) -> list[Arrow]:
    return [
        Arrow(
            axis.x(moment.at),
            lane_y(moment.source),
            lane_y(moment.target),
            moment.tone.value,
            number,
            f"{moment.at:.2f} s  {moment.source} → {moment.target}: {moment.text}",
        )
        for number, moment in enumerate(moments, 1)
    ]


def _flags(axis: Axis, marks: Sequence[Marked]) -> list[Flag]:
    """Marks in their order; one that would cover its neighbour moves to the other row."""
    flags: list[Flag] = []
    ends = [0.0, 0.0, 0.0]
    for mark in sorted(marks, key=lambda one: one.at):
        x = axis.x(mark.at)
        room = 14.0 if mark.kind is Mark.DIGIT else 7.0 * len(mark.label) + 14
        row = next((row for row, end in enumerate(ends) if end <= x), 0)
        ends[row] = x + room
        flags.append(Flag(x, row, mark.label, mark.kind.value))
    return flags


def _ticks(axis: Axis) -> list[Flag]:
    step = next((step for step in STEPS if axis.seconds / step <= MOST_TICKS), 120.0)
    count = int(axis.seconds / step) + 1
    return [Flag(axis.x(n * step), 0, f"{n * step:.0f} s", "tick") for n in range(count)]


def _waves(axis: Axis, report: Report) -> list[Wave]:
    """Our own session's two sides, and the carrier's recording below them."""
    sound, recorded = report.sound, report.recorded
    tracks: list[tuple[str, Recorded]] = []
    if sound is not None:
        tracks.append(("caller", Recorded(sound.at, sound.rate, sound.caller)))
        tracks.append(("agent", Recorded(sound.at, sound.rate, sound.agent)))
    if recorded is not None:
        tracks.append(("recording", recorded))
    return [_wave(axis, row, name, track) for row, (name, track) in enumerate(tracks)]


def _wave(axis: Axis, row: int, name: str, track: Recorded) -> Wave:
    middle = WAVES_Y + row * WAVE_STEP + WAVE_HEIGHT / 2
    left, right = axis.x(track.at), axis.x(track.at + track.seconds)
    peaks = envelope(np.frombuffer(track.pcm, "<i2"), max(2, round(right - left)))
    return Wave(name, middle, _path(left, middle, peaks))


def envelope(samples: Samples, bins: int) -> Sequence[tuple[int, int]]:
    """The lowest and the highest sample of each of `bins` equal stretches."""
    if not len(samples):
        return [(0, 0)] * bins
    edges = np.linspace(0, len(samples), bins + 1).astype(int)
    return [
        (
            int(samples[start : max(end, start + 1)].min()),
            int(samples[start : max(end, start + 1)].max()),
        )
        for start, end in pairwise(edges.clip(0, len(samples) - 1))
    ]


def _path(left: float, middle: float, peaks: Sequence[tuple[int, int]]) -> str:
    """A closed outline: the tops from left to right, the bottoms back."""
    tops = [(left + n, middle - _reach(high)) for n, (_, high) in enumerate(peaks)]
    bottoms = [(left + n, middle - _reach(low)) for n, (low, _) in enumerate(peaks)]
    points = tops + bottoms[::-1]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _reach(sample: int) -> float:
    """A sample in pixels; what is too loud for the row is cut off."""
    half = WAVE_HEIGHT / 2
    return max(-half, min(half, sample * half / FULL))
