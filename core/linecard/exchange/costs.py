"""What a call has cost in all: its own leg and every other one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import CALLER

if TYPE_CHECKING:
    from linecard.store.timeline import Line

ENDED = "leg-ended"
RATED = "call-rated"


def total_cost(call: Call, lines: Sequence[Line]) -> str | None:
    """The sum in US dollars: carriers price each leg by itself, at its end or later. None: no price yet."""
    legs = {str(line.facts.get("leg")) for line in lines if line.name in (ENDED, RATED)}
    known = [Decimal(call.cost)] if call.cost is not None else []
    for leg in legs - {CALLER}:
        known += _of_leg([line for line in lines if line.facts.get("leg") == leg])
    return str(sum(known, Decimal(0))) if known else None


def _of_leg(lines: Sequence[Line]) -> list[Decimal]:
    """Prices that came with an end, and of those that came by themselves as many as are still wanting.

    A label such as `target:1` may stand for several legs: one of each transfer.
    """
    costs: dict[str, list[Decimal]] = defaultdict(list)
    for line in lines:
        if line.facts.get("cost") is not None:
            costs[line.name].append(Decimal(str(line.facts["cost"])))
    ends = sum(line.name == ENDED for line in lines)
    wanting = max(ends, len(costs[RATED])) - len(costs[ENDED])
    return costs[ENDED] + costs[RATED][:wanting]
