"""Documents that wait are counted for as long as their call may still ask, and no longer."""

from __future__ import annotations

from linecard.exchange.remembered import REMEMBERED_SECONDS
from linecard.exchange.rounds import Rounds


def test_each_call_has_a_count_of_its_own() -> None:
    rounds = Rounds()
    assert [rounds.another("a", 0), rounds.another("b", 1), rounds.another("a", 2)] == [1, 1, 2]
    rounds.over("a")
    assert rounds.another("a", 3) == 1


def test_who_hung_up_while_waiting_is_forgotten() -> None:
    rounds = Rounds()
    for caller in range(100):
        rounds.another(f"caller {caller}", caller)
    assert len(rounds) == 100
    assert rounds.another("caller 99", 99 + REMEMBERED_SECONDS / 2) == 2
    rounds.another("late", 99 + REMEMBERED_SECONDS + 1)
    assert len(rounds) == 2
    assert rounds.another("caller 99", 99 + REMEMBERED_SECONDS + 2) == 3


def test_nothing_was_begun_for_one_who_is_over() -> None:
    rounds = Rounds()
    rounds.over("nobody")
    assert len(rounds) == 0
