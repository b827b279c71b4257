"""Replies in time, whatever the database does.

A callback that wants no document is acknowledged once it is stored: in the database, or, where that
is held up, in the journal. An answer that cannot be decided in time is a document that waits and asks
again, eight times at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import structlog

from linecard.errors import LinecardError
from linecard.exchange.journal import KeptRequest, keep
from linecard.store import BUSY_ERRORS
from linecard.webhook import Callback, CarrierRequest, Reply

if TYPE_CHECKING:
    from linecard.exchange.context import Exchange
    from linecard.plugins import Relay
    from linecard.store import Database

log = structlog.get_logger()

OF_PATIENCE = 0.6
"""The share of it that a callback waits for the database; the journal has the rest."""
LONGEST_HOLD = 8.0
"""So long a callback that the journal cannot take is held before the carrier is asked to try again."""
BUSY = Reply(503, b"busy, try again")

Answer = TypeVar("Answer")
Take = Callable[["Exchange", "Relay", CarrierRequest, Callback], Awaitable[Reply]]


async def until_free(database: Database, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `work` gives, tried again while the database is busy. Raises what it raises otherwise."""
    while True:
        try:
            return await work()
        except BUSY_ERRORS as error:
            log.warning("the database is busy; the work is done once it is free", error=str(error))
        await database.answering()


async def or_later(exchange: Exchange, work: Callable[[], Awaitable[object]], what: str) -> None:
    """Do it now, or, while the database is busy, in the background once it is free."""
    try:
        await work()
    except BUSY_ERRORS:
        exchange.tasks.start(until_free(exchange.database, work), what)


async def take(
    exchange: Exchange, relay: Relay, request: CarrierRequest, callback: Callback, store: Take
) -> Reply:
    """Store a callback; the carrier waits no longer than the journal needs."""
    work = exchange.tasks.start(
        _in_turn(exchange, relay, request, callback, store), "store a callback"
    )
    await asyncio.wait({work}, timeout=exchange.patience * OF_PATIENCE)
    if work.done():
        return _opened(work.result())
    if not await exchange.journal.append(keep(relay.provider, relay.account, request)):
        exchange.metrics.not_journaled.inc()
        await asyncio.wait({work}, timeout=LONGEST_HOLD)
        return _opened(work.result()) if work.done() else BUSY
    exchange.metrics.journaled.inc()
    exchange.tasks.start(_settled(exchange, work), "empty the journal")
    return callback.reply or Reply()


async def _in_turn(
    exchange: Exchange, relay: Relay, request: CarrierRequest, callback: Callback, store: Take
) -> Reply | LinecardError:
    """Store one after the other of a call's, in the order they came; a refusal is a result."""
    known = request.call or ",".join(sorted(callback.call_ids.values())) or callback.our_call or ""
    async with exchange.turns.of(f"callbacks {relay.provider} {known}"):
        try:
            return await until_free(
                exchange.database, lambda: store(exchange, relay, request, callback)
            )
        except LinecardError as refusal:
            return refusal


def _opened(result: Reply | LinecardError) -> Reply:
    if isinstance(result, LinecardError):
        raise result
    return result


async def _settled(exchange: Exchange, work: asyncio.Task[Reply | LinecardError]) -> None:
    """Cancelled with the server, the callback stays in the journal; else it is done with."""
    result = await asyncio.shield(work)
    if isinstance(result, LinecardError):
        log.warning("a callback that was kept could not be used", reason=str(result))
    await exchange.journal.taken()


async def replay(exchange: Exchange, left: Sequence[KeptRequest], store: Take) -> None:
    """Take what an earlier process left in the journal, in order."""
    for kept in left:
        try:
            relay = exchange.plugins.relay(kept.provider, kept.account)
            request = kept.request()
            callback = relay.hooks.parse_callback(request)
            result = await _in_turn(exchange, relay, request, callback, store)
        except LinecardError as error:
            result = error
        except Exception:
            log.exception("a callback of the journal could not be read; it is left out")
            result = Reply()
        if isinstance(result, LinecardError):
            log.warning("a callback that was kept could not be used", reason=str(result))
        await exchange.journal.taken()
    if left:
        log.info("callbacks of the journal are in the database", count=len(left))
