"""The lay-out of a call on one time axis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linecard.demo.page.score import LEFT, RIGHT, envelope, score, spoken
from linecard.demo.report import Report, Sound
from linecard.demo.story import Mark, Marked


def _talking(*stretches: tuple[float, float], seconds: float) -> bytes:
    pcm = np.zeros(round(seconds * 8000), "<i2")
    for start, end in stretches:
        pcm[round(start * 8000) : round(end * 8000)] = 9000
    return pcm.tobytes()


def test_sound_and_moments_share_the_axis(report: Report) -> None:
    assert report.sound is not None
    pcm = _talking((0.3, 0.5), seconds=1.0)
    drawn = score(replace(report, sound=Sound(0.2, 8000, pcm, pcm)))
    at_half = next(arrow.x for arrow in drawn.arrows if arrow.number == 2)
    assert drawn.talk[0].x == pytest.approx(at_half, abs=0.1)
    assert all(LEFT <= arrow.x <= RIGHT for arrow in drawn.arrows)


def test_pauses_in_speech_do_not_break_it() -> None:
    pcm = _talking((0.1, 0.5), (0.7, 1.0), (2.0, 2.2), seconds=3.0)
    found = [(round(start, 2), round(end, 2)) for start, end in spoken(pcm, 8000)]
    assert found == [(0.1, 1.0), (2.0, 2.2)]


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
