"""The score of a call: lanes above, both sides of the sound below, all on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from linecard.demo.report import Report, Sound
from linecard.demo.story import Mark, Marked, Moment, Phase, Who

Samples = npt.NDArray[np.int16]

WIDTH = 1160.0
LEFT = 92.0
RIGHT = 1144.0
PHASES_Y = 20.0
LANES_Y = 66.0
LANE_STEP = 32.0
WAVES_Y = 250.0
WAVE_HEIGHT = 84.0
WAVE_STEP = 96.0
AXIS_Y = 446.0
HEIGHT = 478.0
BINS = 1052
LOUD = 400
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
    top: float
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
    recording: Bar | None
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
        talk=_talk(axis, report.sound),
        waves=_waves(axis, report.sound),
        flags=_flags(axis, report.marks),
        ticks=_ticks(axis),
        recording=_recording(axis, report.recording),
        pixels_per_second=round(axis.scale, 4),
        sound_at=report.sound.at if report.sound else 0.0,
    )


def _recording(axis: Axis, stretch: Phase | None) -> Bar | None:
    return axis.bar(stretch, WAVES_Y - 16, stretch.label) if stretch else None


def lane_y(who: Who) -> float:
    """The height of a lane."""
    return LANES_Y + LANE_STEP * LANES.index(who)


def _length(report: Report) -> float:
    ends = [moment.at for moment in report.moments]
    if report.sound:
        ends.append(report.sound.at + report.sound.seconds)
    return max(ends, default=1.0) + 0.4


def _fitting(axis: Axis, phase: Phase) -> str:
    """The label of a phase, or nothing where there is no room for it."""
    return phase.label if (phase.end - phase.start) * axis.scale > 6.2 * len(phase.label) else ""


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


def _waves(axis: Axis, sound: Sound | None) -> list[Wave]:
    if sound is None:
        return []
    sides = (("caller", sound.caller), ("agent", sound.agent))
    return [_wave(axis, sound, row, name, pcm) for row, (name, pcm) in enumerate(sides)]


def _wave(axis: Axis, sound: Sound, row: int, name: str, pcm: bytes) -> Wave:
    top = WAVES_Y + row * WAVE_STEP
    middle = top + WAVE_HEIGHT / 2
    left, right = axis.x(sound.at), axis.x(sound.at + sound.seconds)
    peaks = envelope(np.frombuffer(pcm, "<i2"), max(2, round(right - left)))
    return Wave(name, top, middle, _path(left, middle, peaks))


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
    reach = WAVE_HEIGHT / 2 / 20_000
    tops = [(left + n, middle - high * reach) for n, (_, high) in enumerate(peaks)]
    bottoms = [(left + n, middle - low * reach) for n, (low, _) in enumerate(peaks)]
    points = tops + bottoms[::-1]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _talk(axis: Axis, sound: Sound | None) -> list[Bar]:
    """Who talks when, as bars on the lanes of the customer and the agent."""
    if sound is None:
        return []
    sides = ((Who.CUSTOMER, sound.caller), (Who.AGENT, sound.agent))
    return [
        axis.bar(Phase(sound.at + start, sound.at + end, ""), lane_y(who), who.value)
        for who, pcm in sides
        for start, end in spoken(pcm, sound.rate)
    ]


def spoken(pcm: bytes, rate: int, gap: float = 0.35) -> list[tuple[float, float]]:
    """The stretches, in seconds, in which somebody talks; pauses shorter than `gap` belong to them."""
    frame = rate // 50
    samples = np.frombuffer(pcm, "<i2")
    count = len(samples) // frame
    loud = (
        np.abs(samples[: count * frame].reshape(count, frame).astype(np.int32)).max(axis=1) > LOUD
    )
    found: list[tuple[float, float]] = []
    for place in np.flatnonzero(loud):
        start, end = place * 0.02, (place + 1) * 0.02
        if found and start - found[-1][1] < gap:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
