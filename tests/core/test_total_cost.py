"""What a call has cost in all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from linecard.calls import Call, CallStatus, Direction
from linecard.exchange.costs import total_cost
from linecard.store.timeline import Line

AT = datetime(2026, 11, 1, tzinfo=UTC)
CALL = Call(
    id="c",
    provider="acme",
    account="main",
    direction=Direction.OUTBOUND,
    from_="+14155550100",
    to="+14155550123",
    number="+14155550100",
    agent="echo",
    profile="p",
    status=CallStatus.COMPLETED,
    created_at=AT,
)


def line(name: str, leg: str, cost: str | None = None) -> Line:
    return Line(AT, name, {"leg": leg} | ({} if cost is None else {"cost": cost}))


ENDED, RATED = "leg-ended", "call-rated"


@pytest.mark.parametrize(
    ("cost", "lines", "total"),
    [
        (None, [], None),
        (None, [(ENDED, "caller", None), (ENDED, "target:1", None)], None),
        ("0", [(ENDED, "caller", "0")], "0"),
        ("0.0100", [(ENDED, "caller", "0.0100")], "0.0100"),
        ("0.01", [(ENDED, "caller", "0.01"), (RATED, "caller", "0.01")], "0.01"),
        ("0.01", [(ENDED, "target:1", "0.02"), (ENDED, "target:2", "0.04")], "0.07"),
        ("0.01", [(ENDED, "target:1", None), (RATED, "target:1", "0.02")], "0.03"),
        ("0.01", [(RATED, "target:1", "0.02")], "0.03"),
        ("0.01", [(ENDED, "target:1", "0.02"), (RATED, "target:1", "0.02")], "0.03"),
        ("0.01", [(ENDED, "target:1", "0.02"), (ENDED, "target:1", "0.02")], "0.05"),
        (
            "0.01",
            [(ENDED, "target:1", "0.02"), (ENDED, "target:1", None), (RATED, "target:1", "0.04")],
            "0.07",
        ),
        (None, [(RATED, "media", "0.003"), (RATED, "target:1", None)], "0.003"),
    ],
)
def test_the_sum_of_all_legs(
    cost: str | None, lines: list[tuple[str, str, str | None]], total: str | None
) -> None:
    assert total_cost(replace(CALL, cost=cost), [line(*one) for one in lines]) == total
