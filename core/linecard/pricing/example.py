"""An example call, and what it costs by the lines of a price list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from linecard.carrier import Charge, Per, RateLine
from linecard.pricing.choosing import Chosen

MILLIONTH = Decimal("0.000001")
PARTICIPANTS = 2
"""Caller and target in a conference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call that goes out. Each of its parts lasts for the whole of `seconds`.

    `transfer` adds a leg toward the same destination, `conference` a room for caller and target.
    """

    seconds: int = 180
    record: bool = False
    machine: bool = False
    transfer: bool = False
    conference: bool = False

    def times(self) -> Mapping[Charge, int]:
        """How often each charge arises. Every call has a leg and a stream."""
        return {
            Charge.CALL: 1,
            Charge.STREAM: 1,
            Charge.SECOND_LEG: int(self.transfer),
            Charge.RECORDING: int(self.record),
            Charge.DETECTION: int(self.machine),
            Charge.CONFERENCE: PARTICIPANTS if self.conference else 0,
        }


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line of an account, with what it adds to the example; None where the example has no part in it."""

    what: Charge
    prefix: str
    usd: str
    per: Per
    pulse_seconds: int
    source: str
    given_by: str
    instead_of: RateLine | None
    cost: Decimal | None


def price(
    example: Example, chosen: Sequence[Chosen]
) -> tuple[tuple[PricedLine, ...], frozenset[Charge]]:
    """Every line with its cost, and the charges of the example that have no price."""
    times = example.times()
    lines = _with_second_leg(chosen) if example.transfer else chosen
    priced = {one.line.what for one in lines}
    without = frozenset(what for what, often in times.items() if often and what not in priced)
    return tuple(
        _priced(one, example.seconds, times.get(one.line.what, 0)) for one in lines
    ), without


def _with_second_leg(chosen: Sequence[Chosen]) -> Sequence[Chosen]:
    """Where nobody says what a transfer's leg costs, it costs what a call to there costs."""
    of = {one.line.what: one for one in chosen}
    if Charge.SECOND_LEG in of or Charge.CALL not in of:
        return chosen
    call = of[Charge.CALL]
    line = replace(call.line, what=Charge.SECOND_LEG, source=f"as a call: {call.line.source}")
    return [*chosen, Chosen(line, call.given_by)]


def _priced(chosen: Chosen, seconds: int, times: int) -> PricedLine:
    line = chosen.line
    return PricedLine(
        what=line.what,
        prefix=line.prefix,
        usd=f"{Decimal(line.usd):f}",
        per=line.per,
        pulse_seconds=line.pulse_seconds,
        source=line.source,
        given_by=chosen.given_by,
        instead_of=chosen.instead_of,
        cost=cost(line, seconds, times) if times else None,
    )


def cost(line: RateLine, seconds: int, times: int = 1) -> Decimal:
    """What so many seconds cost, so many times, to a millionth of a dollar: pulses begun are whole pulses."""
    usd = Decimal(line.usd) * times
    if line.per is Per.MINUTE:
        pulses = -(-seconds // line.pulse_seconds)
        usd = usd * pulses * line.pulse_seconds / 60
    return usd.quantize(MILLIONTH)
