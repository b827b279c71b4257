"""What a call's record says at its beginning of the recording that is wished for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.carrier import RecordAt
from linecard.store import timeline

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def note_recording(conn: AsyncConnection, call: Call, when: RecordAt) -> None:
    """Who records the call: we, by asking the carrier at some time, or the carrier's own side alone."""
    if not call.record:
        return
    by = "carrier" if when is RecordAt.THEIRS else "linecard"
    facts = {"by": by, "when": "consent" if call.consent else str(when)}
    await timeline.append(conn, call.id, "recording-planned", facts, call.created_at)
