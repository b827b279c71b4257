"""Entries of the blocklist that stand in linecard.toml: on the list after every start.

A start lifts no block: an entry that is there already keeps its note, and stops the file's calls besides
those that it stops. Entries that the file does not name are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from linecard.exchange import blocking
from linecard.exchange.context import Exchange
from linecard.http.api.models import BlockIn
from linecard.http.configured_numbers import misshapen
from linecard.numbers import Blocks, mask
from linecard.store import blocklist
from linecard.store.blocklist import Blocked
from linecard.tokens import new_id
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()


async def apply_blocklist(exchange: Exchange) -> Sequence[str]:
    """Put the entries of the settings on the list, or none of them; what is wrong, each fault with its place."""
    entries, problems = _read(exchange)
    if not problems and entries:
        async with exchange.database.write() as conn:
            for entry in entries:
                await _block(exchange, conn, entry)
    return problems


def _read(exchange: Exchange) -> tuple[Sequence[BlockIn], Sequence[str]]:
    entries: list[BlockIn] = []
    problems: list[str] = []
    for place, table in enumerate(exchange.settings.blocklist):
        try:
            entries.append(BlockIn.model_validate(dict(table)))
        except ValidationError as error:
            problems += misshapen(f"blocklist.{place}", error)
    return entries, [*problems, *_twice(entries)]


def _twice(entries: Iterable[BlockIn]) -> Iterable[str]:
    """Entries that contradict each other: nobody could say which of them holds."""
    seen: dict[str, BlockIn] = {}
    for entry in entries:
        if seen.setdefault(entry.caller, entry) != entry:
            yield f"blocklist: {entry.caller} stands there twice, and not alike"


async def _block(exchange: Exchange, conn: AsyncConnection, wanted: BlockIn) -> None:
    current = await blocklist.get(conn, wanted.caller)
    if current is not None and current.direction in (Blocks.BOTH, wanted.direction):
        return
    entry = Blocked(id=new_id(), created_at=now(), **wanted.model_dump())
    await blocking.block_too(exchange, conn, entry)
    log.info("blocked by the settings", number=mask(wanted.caller), calls=wanted.direction)
