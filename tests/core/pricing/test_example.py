"""What an example call costs: whole pulses, exact decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from linecard import Charge, Per, RateLine
from linecard.pricing.choosing import Chosen
from linecard.pricing.example import Example, cost, price


def line(what: Charge, usd: str, per: Per = Per.MINUTE, pulse: int = 60) -> RateLine:
    return RateLine(what=what, prefix="", usd=usd, source="s", per=per, pulse_seconds=pulse)


@pytest.mark.parametrize(
    ("usd", "pulse", "seconds", "total"),
    [
        ("0.0050", 60, 66, "0.010000"),
        ("0.0050", 60, 60, "0.005000"),
        ("0.0050", 60, 61, "0.010000"),
        ("0.0050", 60, 1, "0.005000"),
        ("0.0060", 1, 61, "0.006100"),
        ("0.0060", 6, 61, "0.006600"),
        ("0.0100", 7, 8, "0.002333"),
        ("0.1", 60, 1800, "3.000000"),
    ],
)
def test_begun_pulses_are_whole_pulses(usd: str, pulse: int, seconds: int, total: str) -> None:
    assert cost(line(Charge.CALL, usd, pulse=pulse), seconds) == Decimal(total)


def test_a_price_for_a_call_does_not_grow() -> None:
    detection = line(Charge.DETECTION, "0.0075", Per.CALL)
    assert cost(detection, 1) == cost(detection, 3600) == Decimal("0.0075")


def of(example: Example, *lines: RateLine) -> tuple[dict[str, str | None], set[str]]:
    priced, without = price(example, [Chosen(one, "provider") for one in lines])
    costs = {one.what: None if one.cost is None else str(one.cost) for one in priced}
    return {str(what): cost for what, cost in costs.items()}, {str(what) for what in without}


ALL = (
    line(Charge.CALL, "0.01"),
    line(Charge.INBOUND, "0.02"),
    line(Charge.SECOND_LEG, "0.04"),
    line(Charge.STREAM, "0.003"),
    line(Charge.RECORDING, "0.002"),
    line(Charge.DETECTION, "0.0075", Per.CALL),
    line(Charge.CONFERENCE, "0.0018"),
)


def test_only_what_the_example_has_is_counted() -> None:
    costs, without = of(Example(seconds=120), *ALL)
    assert {what: cost for what, cost in costs.items() if cost} == {
        "call": "0.020000",
        "stream": "0.006000",
    }
    assert len(costs) == len(ALL)
    assert not without


def test_every_part_is_counted_where_it_is_asked_for() -> None:
    example = Example(seconds=120, record=True, machine=True, transfer=True, conference=True)
    costs, without = of(example, *ALL)
    assert costs == {
        "call": "0.020000",
        "inbound-call": None,
        "second-leg": "0.080000",
        "stream": "0.006000",
        "recording": "0.004000",
        "machine-detection": "0.007500",
        "conference": "0.007200",
    }
    assert not without


def test_what_has_no_price_is_named() -> None:
    costs, without = of(Example(record=True, machine=True), line(Charge.CALL, "0.01"))
    assert costs == {"call": "0.030000"}
    assert without == {"stream", "recording", "machine-detection"}
    assert of(Example())[1] == {"call", "stream"}


def test_the_second_leg_costs_a_call_where_nobody_says_more() -> None:
    costs, without = of(Example(seconds=60, transfer=True), *ALL[:2], ALL[3])
    assert costs["second-leg"] == "0.010000"
    assert not without
