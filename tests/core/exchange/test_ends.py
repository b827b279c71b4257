"""One end out of several reports: the same whatever came first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest

from linecard.calls import ENDS, CallStatus
from linecard.events import LegEnded
from linecard.exchange.ends import PRECEDENCE, one_end

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPORTS = (
    LegEnded(key="ended:1", status=CallStatus.COMPLETED, reason="normal hangup", duration=9),
    LegEnded(key="record:1", status=CallStatus.COMPLETED, cost="0.02", duration=10, at=NOON),
    LegEnded(key="busy:1", status=CallStatus.BUSY, reason="busy line", code="3010", duration=0),
    LegEnded(key="left:1", status=CallStatus.COMPLETED, at=NOON + timedelta(seconds=3)),
    LegEnded(key="forgotten:1", status=CallStatus.FAILED, reason="unknown", concluded=True),
)


def test_every_order_and_every_grouping_makes_the_same_end() -> None:
    whole = one_end(REPORTS)
    for several in permutations(REPORTS):
        assert one_end(several) == whole
        for at in range(1, len(several)):
            assert one_end([one_end(several[:at]), *several[at:], *several[:at]]) == whole
    assert (whole.status, whole.reason, whole.duration) == ("completed", "normal hangup", 9)
    assert (whole.cost, whole.at, whole.code) == ("0.02", NOON, "")


def test_what_a_carrier_says_goes_before_what_we_have_concluded() -> None:
    for word, concluded in product(PRECEDENCE, PRECEDENCE):
        said = LegEnded(key="ended:1", status=word, reason="said")
        thought = LegEnded(key="gone:1", status=concluded, reason="thought", concluded=True)
        for end in (one_end([said, thought]), one_end([thought, said])):
            assert (end.status, end.reason) == (word, "said")


def test_the_table_knows_every_end() -> None:
    assert set(PRECEDENCE) == ENDS
    with pytest.raises(ValueError, match="no end"):
        one_end([])
