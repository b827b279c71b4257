"""Who answered, out of all that was said of it: by callbacks, and by look-ups where a callback was lost.

What a callback has told stands; a look-up speaks only where none has, and gives way to one that comes late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import CarrierEvent, MachineDetected
from linecard.exchange.keeping import of_caller

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def news_of_look_up(
    conn: AsyncConnection, call: Call, events: Sequence[CarrierEvent]
) -> Sequence[CarrierEvent]:
    """What a look-up says, without who answered where a callback has told that already."""
    if not any(isinstance(event, MachineDetected) for event in events):
        return events
    _, reported = await _kept(conn, call)
    return [one for one in events if not (reported and isinstance(one, MachineDetected))]


async def strongest(
    conn: AsyncConnection, call: Call, event: MachineDetected
) -> MachineDetected | None:
    """The detection that counts once `event` is kept as well; None where what stands on record stays.

    Of callbacks that contradict each other the one that outranks the others, whichever came first.
    """
    kept, reported = await _kept(conn, call)
    best = max(reported or kept or [event], key=lambda one: one.detection.rank)
    known_why = any(one.detection == call.detection for one in kept)
    return best if known_why or best.detection.outranks(call.detection) else None


async def _kept(
    conn: AsyncConnection, call: Call
) -> tuple[list[MachineDetected], list[MachineDetected]]:
    """All detections of the caller that were kept, and those of them that a callback told."""
    found = await of_caller(conn, call, MachineDetected)
    return [one for one, _ in found], [one for one, asked in found if not asked]
