"""Pace of dials and of requests."""

from __future__ import annotations

import pytest

from linecard.clock import Clock
from linecard.simulator.queueing import DialPace, Window


class Still(Clock):
    """A clock that is moved by hand."""

    moment = 100.0

    def now(self) -> float:
        return self.moment


def test_two_a_second_and_the_others_wait() -> None:
    pace = DialPace(2, Still())
    assert [pace.reserve() for _ in range(5)] == [100, 100, 101, 101, 102]


def test_a_pause_makes_room() -> None:
    clock = Still()
    pace = DialPace(2, clock)
    pace.reserve()
    pace.reserve()
    clock.moment = 100.4
    assert pace.reserve() == 101
    clock.moment = 105
    assert pace.reserve() == pytest.approx(105)


def test_a_window_slides() -> None:
    clock = Still()
    window = Window(2, 5.0, clock)
    assert [window.allows() for _ in range(3)] == [True, True, False]
    clock.moment = 105
    assert window.allows()
