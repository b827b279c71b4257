"""One end of a call out of all that were reported: by callbacks, by look-ups, and by ourselves.

The ends of a call are a set. What counts is decided by what they say, never by which came first, so that
any order, repeat or delay of them ends in the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from linecard.calls import Call, CallStatus
from linecard.events import LegEnded
from linecard.exchange.keeping import of_caller

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

PRECEDENCE: Mapping[CallStatus, int] = MappingProxyType(
    {
        status: place
        for place, status in enumerate(
            (
                CallStatus.COMPLETED,
                CallStatus.REJECTED,
                CallStatus.BUSY,
                CallStatus.NO_ANSWER,
                CallStatus.CANCELED,
                CallStatus.FAILED,
            )
        )
    }
)
"""Which of two ends holds where they contradict each other: who has talked was not busy, and the word
that says more about the far end comes before the one that says less."""


def one_end(ends: Iterable[LegEnded]) -> LegEnded:
    """The end that they make together: the strongest one's word, and what the others know beside it.

    What a carrier says goes before what we have concluded ourselves. `ended_at` is the earliest of the
    carrier's times: a report may only come later than what it tells of. Raises ValueError for none.
    """
    ordered = sorted(ends, key=_strength)
    if not ordered:
        raise ValueError("no end was reported")
    first = ordered[0]
    alike = [one for one in ordered if one.status is first.status and not one.concluded]
    alike = alike or [first]
    return replace(
        first,
        reason=next((one.reason for one in alike if one.reason), ""),
        code=next((one.code for one in alike if one.code), ""),
        duration=_known(one.duration for one in ordered),
        billed=_known(one.billed for one in ordered),
        cost=next((one.cost for one in ordered if one.cost is not None), None),
        at=min((one.at for one in ordered if one.at), default=None),
        answered_at=min((one.answered_at for one in ordered if one.answered_at), default=None),
        ran_out=any(one.ran_out for one in ordered),
    )


def _strength(end: LegEnded) -> tuple[bool, int, str]:
    return end.concluded, PRECEDENCE[end.status], end.key


def _known(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


async def with_others(conn: AsyncConnection, call: Call, end: LegEnded) -> LegEnded | None:
    """An end together with those that were kept of the same call before.

    None where the call is over and nobody knows any more what was reported of it: then its record stands.
    """
    kept = await of_caller(conn, call, LegEnded)
    before = [one for one, _ in kept if one.key != end.key]
    if call.is_over and not before:
        return None
    return one_end([end, *before])
