"""Moments in the order in which they happened."""

from __future__ import annotations

import asyncio

from linecard.demo.ordering import HOLD_SECONDS, InOrder
from linecard.demo.story import Moment, Tone, Who


def _moment(at: float) -> Moment:
    return Moment(at, Who.CARRIER, Who.CARRIER, "", Tone.NOTE)


async def test_one_that_is_told_late_still_comes_first() -> None:
    shown: list[float] = []
    in_order = InOrder(lambda moment: shown.append(moment.at))
    for at in (2.0, 3.0, 1.0):
        in_order(_moment(at))
    assert shown == []
    await asyncio.sleep(HOLD_SECONDS * 2)
    assert shown == [1.0, 2.0, 3.0]


async def test_what_still_waits_at_the_end_is_not_lost() -> None:
    shown: list[float] = []
    in_order = InOrder(lambda moment: shown.append(moment.at))
    in_order(_moment(2.0))
    in_order(_moment(1.0))
    in_order.flush()
    await asyncio.sleep(HOLD_SECONDS * 2)
    assert shown == [1.0, 2.0]
