"""Who is not called, by the blocklist: asked in the transaction that writes the wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.calls import Direction
from linecard.errors import GateRefused
from linecard.numbers import mask
from linecard.store import blocklist

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def refuse_blocked(conn: AsyncConnection, address: str, field: str = "to") -> None:
    """Raise GateRefused for a number that an entry of the blocklist keeps us from calling."""
    entry = await blocklist.fitting(conn, address, Direction.OUTBOUND)
    if entry is not None:
        by = f" by the entry {entry}" if entry.endswith("*") else ""
        raise GateRefused(field, f"{mask(address)} is on the blocklist{by}: it is not called")
