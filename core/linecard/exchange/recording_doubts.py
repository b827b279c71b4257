"""Files that came whole as far as anybody can tell, and are not as long as the carrier told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call
from linecard.exchange.context import Exchange
from linecard.storage.sounds import Sound
from linecard.store import timeline
from linecard.store.recordings import Recording
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()

SLACK_SECONDS, SLACK_SHARE = 1.5, 0.02
"""By so much a file may be longer or shorter than was told: some carriers tell whole seconds."""
FETCHES = 3
"""So often a file is fetched again; the next may be a carrier that counts otherwise, and a copy is better than none."""
AGAIN = "recording-odd"


def flaw(sound: Sound, recording: Recording) -> str | None:
    """What speaks against a file, as the end of a sentence about it; None where nothing does."""
    if sound.torn:
        return "it seems cut off at its end"
    if sound.seconds is None or recording.duration_ms is None:
        return None
    told = recording.duration_ms / 1000
    if abs(sound.seconds - told) <= SLACK_SECONDS + told * SLACK_SHARE:
        return None
    return f"it lasts {sound.seconds:.1f} s, and {told:.1f} s were told"


async def asks_again(exchange: Exchange, recording: Recording, flaw: str) -> bool:
    """Whether a file with a flaw is to be fetched once more, which then is on the record.

    Counted on the record: tries that failed for another reason do not make a short file a good one.
    """
    async with exchange.database.write() as conn:
        lines = await timeline.of_call(conn, recording.call)
        seen = [one for one in lines if one.name == AGAIN and one.facts.get("n") == recording.n]
        if len(seen) >= FETCHES:
            return False
        facts = {"n": recording.n, "reason": flaw}
        await timeline.append(conn, recording.call, AGAIN, facts, now())
    return True


async def tell(
    exchange: Exchange, conn: AsyncConnection, call: Call, recording: Recording, flaw: str
) -> None:
    """Write down that a copy may not be all, and tell whoever runs the server."""
    facts = {"n": recording.n, "reason": flaw, "fetches": FETCHES + 1}
    await timeline.append(conn, call.id, "recording-doubtful", facts, now())
    exchange.metrics.doubtful_recordings.labels(call.provider).inc()
    log.warning("recording kept, and may not be whole", call=call.id, n=recording.n, flaw=flaw)
