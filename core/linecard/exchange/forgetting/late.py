"""What carriers still report of a call that was forgotten: nothing is written, and a file is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import CarrierEvent, RecordingReady
from linecard.exchange.context import Exchange
from linecard.exchange.forgetting import jobs
from linecard.store.forgetting import Owned
from linecard.store.recordings import Recording

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def came(
    exchange: Exchange, conn: AsyncConnection, call: Call, events: Sequence[CarrierEvent]
) -> None:
    """Count late reports on a forgotten call; a recording that is told of only now goes too."""
    exchange.metrics.forgotten_callbacks.labels(call.provider).inc()
    for event in events:
        if isinstance(event, RecordingReady):
            recording = Recording(call=call.id, n=0, recording=event.recording, status="deleted")
            owned = Owned(recording, (call.provider, call.account), call.profile)
            await jobs.put_recording(exchange, conn, owned, late=True)
