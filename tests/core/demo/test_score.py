"""The lay-out of a call on one time axis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linecard.demo.page.score import LEFT, RIGHT, WAVE_HEIGHT, envelope, score
from linecard.demo.report import Recorded, Report, Sound
from linecard.demo.story import Mark, Marked


def test_sound_talk_and_moments_share_the_axis(report: Report) -> None:
    pcm = bytes(16_000)
    drawn = score(replace(report, sound=Sound(0.5, 8000, pcm, pcm)))
    at_half = next(arrow.x for arrow in drawn.arrows if arrow.number == 2)
    assert drawn.talk[0].x == at_half
    assert drawn.waves[0].path.startswith(f"M{at_half:.1f} ")
    assert all(LEFT <= arrow.x <= RIGHT for arrow in drawn.arrows)


def test_the_carriers_recording_stands_below_our_own_sound(report: Report) -> None:
    assert [wave.name for wave in score(report).waves] == ["caller", "agent", "recording"]
    assert [wave.name for wave in score(replace(report, sound=None)).waves] == ["recording"]
    assert score(replace(report, sound=None, recorded=None)).waves == []


def test_a_sound_that_is_too_loud_stays_in_its_row(report: Report) -> None:
    loud = np.full(8000, 32767, "<i2").tobytes()
    wave = score(replace(report, recorded=Recorded(0.0, 8000, loud))).waves[2]
    heights = [float(point.split(" ")[1]) for point in wave.path[1:-1].split("L")]
    assert min(heights) == pytest.approx(wave.middle - WAVE_HEIGHT / 2)


def test_the_envelope_keeps_peaks() -> None:
    samples = np.zeros(1000, np.int16)
    samples[123], samples[877] = 5000, -7000
    peaks = envelope(samples, 10)
    assert peaks[1] == (0, 5000)
    assert peaks[8] == (-7000, 0)
    assert len(peaks) == 10


def test_an_envelope_of_few_samples_or_none() -> None:
    assert envelope(np.array([5, -5], np.int16), 4)[0] == (5, 5)
    assert envelope(np.array([], np.int16), 3) == [(0, 0)] * 3


def test_marks_that_stand_close_take_different_rows(report: Report) -> None:
    marks = [Marked(0.5 + n / 1000, Mark.DIGIT, str(n)) for n in range(3)]
    assert [flag.row for flag in score(replace(report, marks=marks)).flags] == [0, 1, 2]


def test_a_phase_without_room_shows_no_label(report: Report) -> None:
    drawn = score(report)
    assert [bar.label for bar in drawn.phases] == ["", "talking"]
