"""Calls let in on one count: few, soon, and never where the limit is near."""

from __future__ import annotations

import pytest

from linecard.outbound import headroom
from linecard.outbound.headroom import Headroom


def let_in(room: Headroom, most: int = 10_000) -> int:
    """How many come in until somebody must count."""
    return next(count for count in range(most) if not room.take())


def test_nobody_comes_in_before_the_first_count() -> None:
    assert let_in(Headroom()) == 0


@pytest.mark.parametrize(
    ("live", "most", "expected"),
    [
        pytest.param(0, 1000, 15, id="empty"),
        pytest.param(749, 1000, 15, id="a quarter is free"),
        pytest.param(750, 1000, 0, id="near the limit"),
        pytest.param(1000, 1000, 0, id="at the limit"),
        pytest.param(0, 63, 0, id="a small limit is always counted for"),
    ],
)
def test_a_share_of_what_is_free_comes_in(live: int, most: int, expected: int) -> None:
    room = Headroom()
    room.counted(live, most)
    assert let_in(room) == expected


@pytest.mark.parametrize("most", [1, 64, 100, 1000, 99_999])
def test_sixteen_processes_side_by_side_stay_below_the_limit(most: int) -> None:
    for live in {0, most // 2, most - most // 4 - 1, most - 1} - {-1}:
        rooms = [Headroom() for _ in range(16)]
        for room in rooms:
            room.counted(live, most)
        assert live + sum(let_in(room) for room in rooms) < most + (live >= most)


def test_a_count_is_good_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headroom, "GOOD_SECONDS", -1.0)
    room = Headroom()
    room.counted(0, 1000)
    assert let_in(room) == 0
