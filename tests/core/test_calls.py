from __future__ import annotations

from itertools import permutations

import pytest

from linecard.calls import ALLOWED, ENDS, CallStatus, advance


def test_the_table_knows_every_status() -> None:
    assert set(ALLOWED) == set(CallStatus)


@pytest.mark.parametrize("end", sorted(ENDS))
def test_ends_are_sticky(end: CallStatus) -> None:
    assert all(advance(end, reported) is end for reported in CallStatus)


def test_unknown_is_no_end() -> None:
    assert CallStatus.UNKNOWN not in ENDS
    assert advance(CallStatus.UNKNOWN, CallStatus.IN_PROGRESS) is CallStatus.IN_PROGRESS


def test_every_order_of_reports_ends_in_the_same_status() -> None:
    reports = (CallStatus.DIALING, CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
    for order in permutations(reports):
        status = CallStatus.QUEUED
        for reported in order:
            status = advance(status, reported)
        assert status is CallStatus.COMPLETED


def test_an_answered_call_does_not_ring_again() -> None:
    assert advance(CallStatus.IN_PROGRESS, CallStatus.RINGING) is CallStatus.IN_PROGRESS
    assert advance(CallStatus.IN_PROGRESS, CallStatus.UNKNOWN) is CallStatus.IN_PROGRESS
