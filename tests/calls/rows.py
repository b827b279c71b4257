"""Counting what stands in the database."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from linecard.store import calls
from linecard.store.tables import metadata
from tests.calls.telephone import Telephone


async def row_counts(world: Telephone) -> dict[str, int]:
    """How many rows each table has."""
    async with world.exchange.database.read() as conn:
        return {
            name: (await conn.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in metadata.tables.items()
        }


async def quiet_counts(world: Telephone) -> dict[str, int]:
    """The same once no call lives and nothing more is written of those that did."""
    counts: dict[str, int] = {}
    async with asyncio.timeout(20):
        while await _live(world) or counts != (counts := await row_counts(world)):
            await asyncio.sleep(0.25)
    return counts


async def _live(world: Telephone) -> int:
    async with world.exchange.database.read() as conn:
        return await calls.count_live(conn)
