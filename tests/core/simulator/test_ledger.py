"""The ledger answers what tests and timelines ask."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from linecard.clock import Clock
from linecard.simulator.ledger import Entry, Ledger, What


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger(Clock())
    ledger.write(What.DIALLED, "a", leg="a", to="+91")
    ledger.write(What.DIALLED, "a", leg="a2", to="+44")
    ledger.write(What.CALLED_IN, "b", leg="b", to="+1")
    ledger.write(What.HUNG_UP, "a", leg="a2", code=1)
    ledger.write(What.MONEY, "a", leg="a2", usd="0.10", minutes="2")
    ledger.write(What.MONEY, "b", leg="b", usd="0.05", minutes="1")
    return ledger


def test_calls_and_live_legs(ledger: Ledger) -> None:
    assert ledger.calls() == ("a", "b")
    assert ledger.live_legs() == ("a", "b")
    ledger.write(What.HUNG_UP, "b", leg="b", code=1)
    assert ledger.live_legs() == ("a",)


def test_dials_are_counted_per_number_however_written(ledger: Ledger) -> None:
    ledger.write(What.DIALLED, "c", leg="c", to="91")
    assert ledger.dials("+91") == 2
    assert ledger.dials("+1") == 0


def test_money_and_minutes(ledger: Ledger) -> None:
    assert ledger.money() == Decimal("0.15")
    assert ledger.money("a") == Decimal("0.10")
    assert ledger.minutes() == 3


def test_entries_by_kind_call_and_facts(ledger: Ledger) -> None:
    assert len(ledger.all(What.DIALLED)) == 2
    assert len(ledger.all(What.DIALLED, "a", to="+44")) == 1
    assert ledger.all(What.DIALLED, "b") == ()


def test_entries_are_frozen_and_in_order(ledger: Ledger) -> None:
    times = [entry.at for entry in ledger.entries]
    assert times == sorted(times)
    with pytest.raises(TypeError):
        ledger.entries[0].facts["to"] = "x"  # type: ignore[index]


def test_watchers_hear_until_they_stop(ledger: Ledger) -> None:
    heard: list[Entry] = []
    stop = ledger.watch(heard.append)
    ledger.write(What.NOTE, text="one")
    stop()
    ledger.write(What.NOTE, text="two")
    assert [entry.facts["text"] for entry in heard] == ["one"]


async def test_waiting_for_an_entry_old_or_new(ledger: Ledger) -> None:
    assert (await ledger.until(What.HUNG_UP, "a")).facts["code"] == 1
    waiting = asyncio.create_task(ledger.until(What.NOTE, text="two"))
    await asyncio.sleep(0)
    ledger.write(What.NOTE, text="one")
    ledger.write(What.NOTE, text="two")
    assert (await waiting).facts["text"] == "two"
    with pytest.raises(TimeoutError, match="bridged"):
        await ledger.until(What.BRIDGED, within=0.01)
