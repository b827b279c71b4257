"""A line on a call's record that nothing else depends on: written now, or once the database takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from linecard.exchange.patience import or_later
from linecard.store import calls, timeline
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.exchange.context import Exchange


async def note(exchange: Exchange, call_id: str, name: str, facts: Mapping[str, object]) -> None:
    """Write a line with the time of now, whenever it is that it can be written."""
    at = now()

    async def write() -> None:
        async with exchange.database.write() as conn:
            if await is_open(conn, call_id):
                await timeline.append(conn, call_id, name, facts, at)

    await or_later(exchange, write, f"note {name}")


async def is_open(conn: AsyncConnection, call_id: str) -> bool:
    """Whether there is such a call; nothing more is written on one whose contents were erased."""
    call = await calls.get(conn, call_id)
    return call is not None and not call.is_forgotten
