from __future__ import annotations

import pytest
from tests.core.media.lines import Line, media, profile

from linecard import AudioFormat, Encoding, same_both_ways
from linecard.media.tempo import MEASURED, Tempo

LINE = AudioFormat(Encoding.L16, 8000)


def judged(size: int, moments: list[float], line: AudioFormat = LINE) -> str | None:
    tempo = Tempo(line)
    said = [tempo.heard(size, moment) for moment in moments]
    assert tempo.is_done
    assert said[:MEASURED] == [None] * MEASURED
    return said[MEASURED]


def evenly(seconds: float) -> list[float]:
    """With the jitter of a line."""
    return [seconds * (n + (n * 7 % 5) / 50) for n in range(MEASURED + 1)]


@pytest.mark.parametrize(
    ("size", "seconds", "rate"), [(640, 0.02, 16_000), (320, 0.01, 16_000), (960, 0.02, 24_000)]
)
def test_a_line_of_another_rate_is_told(size: int, seconds: float, rate: int) -> None:
    said = judged(size, evenly(seconds))
    assert said is not None
    assert f"declared at 8000 Hz, but as much sound comes as at {rate} Hz" in said


def test_a_slow_line_is_told_too() -> None:
    said = judged(320, evenly(0.02), AudioFormat(Encoding.L16, 16_000))
    assert said is not None
    assert "as at 8000 Hz" in said


@pytest.mark.parametrize(("size", "seconds"), [(320, 0.02), (1600, 0.1), (480, 0.03)])
def test_a_line_as_declared_is_believed(size: int, seconds: float) -> None:
    assert judged(size, evenly(seconds)) is None


def test_a_line_that_halts_or_comes_in_bursts_is_believed() -> None:
    halting = [moment + (1.5 if n > 60 else 0) for n, moment in enumerate(evenly(0.01))]
    assert judged(320, halting) is None
    assert judged(320, [0.08 * (n // 4) for n in range(MEASURED + 1)]) is None
    assert judged(320, [0.0] * (MEASURED + 1)) is None


def test_the_call_is_told() -> None:
    line = Line(profile(same_both_ways(LINE)))
    for _ in range(MEASURED + 30):
        line.clock.moment += 0.02
        line.session.receive(media(bytes(640)))
    ((name, facts),) = line.ear.facts
    assert (name, "16000 Hz" in str(facts["reason"])) == ("audio-doubtful", True)
