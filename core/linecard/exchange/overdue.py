"""When a transfer of which nobody reports anything is overdue, and the job that looks after it then.

The time counts from what the carrier has last agreed to: its answer to a dial may come late, and so may a
target that is ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.exchange import outbox
from linecard.exchange.context import Exchange
from linecard.store.transfers import Transfer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

WATCH = "transfer-watch"
WATCH_AGAIN_AFTER = (5.0, 15.0)
PATIENCE_SECONDS = 15.0
"""Beyond the ringing of each target: so long the carrier may take to say what became of it."""
ASKING_SECONDS = 45.0
"""What a whisper and the wait for a key may take besides."""


async def watch(exchange: Exchange, conn: AsyncConnection, transfer: Transfer) -> None:
    """Write the job that decides what nobody has reported in time."""
    await outbox.put(
        exchange,
        conn,
        WATCH,
        transfer.id,
        after=_longest(transfer),
        call_id=transfer.call,
        payload={"transfer": transfer.id},
    )


async def rung(exchange: Exchange, conn: AsyncConnection, transfer: Transfer) -> None:
    """A target rings from now on: its time, and that of those behind it, is counted from here."""
    await outbox.delay(exchange, conn, WATCH, transfer.id, after=_longest(transfer))


async def joining(exchange: Exchange, conn: AsyncConnection, transfer: Transfer) -> None:
    """A target is ready: so long bringing the caller there may take."""
    await outbox.delay(exchange, conn, WATCH, transfer.id, after=PATIENCE_SECONDS)


def _longest(transfer: Transfer) -> float:
    """Seconds after which whatever was to be reported has been."""
    one = transfer.ring_seconds + PATIENCE_SECONDS
    one += ASKING_SECONDS if transfer.asks else 0.0
    behind = len(transfer.targets) - max(transfer.rung, 1)
    return one * (1 + behind if transfer.in_order else 1)
