"""Faults happen as often as their knob says, the same for the same seed."""

from __future__ import annotations

import pytest

from linecard.simulator.faults import KNOBS, Faults


def test_nothing_happens_by_itself() -> None:
    faults = Faults()
    assert not any(faults.happens(name) for name in KNOBS)
    assert not faults.happened


def test_the_same_seed_gives_the_same_faults() -> None:
    first, second = (Faults(seed=7, callback_drop=0.5) for _ in range(2))
    drawn = [first.happens("callback_drop") for _ in range(50)]
    assert drawn == [second.happens("callback_drop") for _ in range(50)]
    assert 10 < sum(drawn) < 40
    assert first.happened["callback_drop"] == sum(drawn)
    other = Faults(seed=8, callback_drop=0.5)
    assert drawn != [other.happens("callback_drop") for _ in range(50)]


def test_one_knob_leaves_the_others_alone() -> None:
    alone = Faults(seed=1, callback_drop=0.5)
    among = Faults(seed=1, callback_drop=0.5, socket_garbage=0.5)
    drawn = []
    for _ in range(30):
        among.happens("socket_garbage")
        drawn.append(among.happens("callback_drop"))
    assert drawn == [alone.happens("callback_drop") for _ in range(30)]


def test_each_fault_is_told() -> None:
    told: list[str] = []
    Faults(callback_drop=1, tell=told.append).happens("callback_drop")
    assert told == ["callback_drop"]


def test_a_name_that_is_no_knob() -> None:
    with pytest.raises(ValueError, match="no fault is called 'rain'"):
        Faults().happens("rain")
    assert "seconds" not in KNOBS
    assert "rest" not in KNOBS
