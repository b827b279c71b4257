"""What calls cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from linecard_plivo.simulator.rates import Rates, pricing


def test_66_seconds_in_india_are_two_minutes() -> None:
    rates = Rates()
    assert rates.billed(66) == 120
    assert rates.cost(rates.per_minute("outbound", "+919800000001"), 66) == Decimal("0.01000")


@pytest.mark.parametrize(
    ("number", "rate"),
    [("+14155550100", "0.01200"), ("+19075550100", "0.09000"), ("+888", "0.05000")],
)
def test_the_longest_prefix_wins(number: str, rate: str) -> None:
    assert Rates().per_minute("outbound", number) == Decimal(rate)


def test_another_pulse_and_no_answer() -> None:
    assert Rates(pulse=6).billed(7.2) == 12
    assert Rates().billed(0) == 0
    assert Rates().cost(Decimal("0.5"), 0) == 0


def test_the_price_list_has_plivos_shape() -> None:
    prices = pricing("GB")
    assert prices is not None
    assert prices["country_iso"] == "GB"
    assert pricing("ZZ") is None
