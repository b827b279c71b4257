"""A number on the blocklist: the entry, and what plugins do about it, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.exchange.context import Exchange
from linecard.numbers import Blocks
from linecard.store import blocklist
from linecard.store.blocklist import Blocked

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def block(exchange: Exchange, conn: AsyncConnection, entry: Blocked) -> None:
    """Block a number or prefix. Raises Conflict when it is blocked already."""
    await blocklist.add(conn, entry)
    await _tell(exchange, conn, entry)


async def block_too(exchange: Exchange, conn: AsyncConnection, entry: Blocked) -> None:
    """The same in one more direction, of a number that may be blocked already."""
    await blocklist.block_too(conn, entry)
    await _tell(exchange, conn, entry)


async def _tell(exchange: Exchange, conn: AsyncConnection, entry: Blocked) -> None:
    """Whoever keeps numbers to be called has none of these left when the entry is there."""
    if entry.direction is not Blocks.INBOUND:
        told = {"number": entry.caller, "connection": conn}
        await exchange.plugins.ask_each("number_blocked", **told)
