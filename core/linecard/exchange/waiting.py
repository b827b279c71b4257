"""Answers in time: one that cannot be decided soon is a document that waits, and asks again.

The work goes on meanwhile, so that the next question finds it done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, Direction
from linecard.errors import LinecardError, NoFreePod, UnsupportedByProvider
from linecard.exchange import answering, deciding, no_pod
from linecard.exchange.inbox import Accepted
from linecard.exchange.patience import BUSY, until_free
from linecard.store import BUSY_ERRORS, calls, timeline
from linecard.verbs import Pause, Reason, Redirect, Verb
from linecard.wall import now
from linecard.webhook import Callback, CarrierRequest, Reply

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.exchange.context import Exchange
    from linecard.plugins import Relay

log = structlog.get_logger()

RINGING_SECONDS = 4.0
"""A caller who still hears the ringing tone can be left to hear it, once the call is in the database."""
HOLD_SECONDS = 9.0
"""So long a carrier that cannot be told to wait is kept waiting for its answer; it gives us 15."""
KNOWN_SECONDS = 0.2
PAUSE_SECONDS = 5
MOST_ROUNDS = 8

Work = asyncio.Task[Reply | LinecardError]
Accept = Callable[["Exchange", "Relay", CarrierRequest, Callback], Awaitable[Accepted]]


@dataclass(slots=True)
class Progress:
    """How far an answer has come: `rings` once the call is stored and waits unanswered."""

    rings: bool = False


async def answer(
    exchange: Exchange,
    relay: Relay,
    request: CarrierRequest,
    callback: Callback,
    accept: Accept,
    reason: Reason,
) -> Reply:
    """The document for a request, or, where that takes long, one that waits. Raises RequestRefused."""
    progress, name = Progress(), _name(relay, request, callback)

    async def decide() -> Reply | LinecardError:
        try:
            accepted = await until_free(
                exchange.database, lambda: accept(exchange, relay, request, callback)
            )
            if accepted.reply is not None:
                return accepted.reply
            call = accepted.call
            has_waited = exchange.waits.has_waited(name)
            progress.rings = call is not None and not has_waited and _rings(call, reason)
            return await no_pod.retried(
                lambda: until_free(
                    exchange.database,
                    lambda: answering.reply(exchange, relay, call, request, callback, reason),
                ),
                RINGING_SECONDS if progress.rings and no_pod.waits(exchange) else 0,
            )
        except LinecardError as refusal:
            return refusal

    work = exchange.tasks.start(decide(), "decide an answer")
    await asyncio.wait({work}, timeout=exchange.patience)
    if not work.done() and progress.rings:
        await asyncio.wait({work}, timeout=RINGING_SECONDS)
    reply = None if work.done() else await _wait(exchange, relay, request, callback, reason, work)
    if reply is not None:
        return reply
    await asyncio.wait({work}, timeout=HOLD_SECONDS)
    if not work.done():
        return BUSY
    result: Reply | LinecardError = work.result()
    if isinstance(result, NoFreePod):
        return await _without_pod(exchange, relay, request, callback, reason, work, result)
    exchange.waits.over(name, request.url)
    if isinstance(result, LinecardError):
        raise result
    return result


async def _without_pod(
    exchange: Exchange,
    relay: Relay,
    request: CarrierRequest,
    callback: Callback,
    reason: Reason,
    work: Work,
    why: NoFreePod,
) -> Reply:
    """Another try soon where the carrier can be told to wait, else its own next try, or the end."""
    if no_pod.waits(exchange):
        return await _wait(exchange, relay, request, callback, reason, work) or BUSY
    call = await _known(exchange, relay, request, callback)
    exchange.waits.over(_name(relay, request, callback), request.url)
    return BUSY if call is None else await no_pod.turn_away(exchange, relay, call, reason, why)


def _rings(call: Call, reason: Reason) -> bool:
    return reason is Reason.ANSWER and call.direction is Direction.INBOUND


def _name(relay: Relay, request: CarrierRequest, callback: Callback) -> str:
    known = request.call or ",".join(sorted(callback.call_ids.values()))
    return f"{relay.provider} {known}"


async def _wait(
    exchange: Exchange,
    relay: Relay,
    request: CarrierRequest,
    callback: Callback,
    reason: Reason,
    work: Work,
) -> Reply | None:
    """The document that waits, or after eight of them the apology; None where the carrier has no such."""
    call = await _known(exchange, relay, request, callback)
    name = _name(relay, request, callback)
    verbs: Sequence[Verb] = [Pause(seconds=PAUSE_SECONDS), Redirect(url=request.url)]
    is_last = exchange.waits.another(name, exchange.clock.now()) > MOST_ROUNDS
    if is_last:
        log.error("an answer could not be decided; the caller is told", call=call and call.id)
        verbs = deciding.apology(exchange, call)
    try:
        made = relay.hooks.answer(call, verbs, reason)
    except UnsupportedByProvider:
        return None
    if is_last:
        exchange.waits.over(name, request.url)
        exchange.tasks.start(_note(exchange, relay, request, callback, work), "note an apology")
    else:
        exchange.waits.keep(request, callback, exchange.clock.now())
    exchange.metrics.waited.labels(relay.provider).inc()
    return made.reply


async def _note(
    exchange: Exchange, relay: Relay, request: CarrierRequest, callback: Callback, work: Work
) -> None:
    """The apology, onto the record of the call, once that can be written."""
    await asyncio.shield(work)

    async def write() -> None:
        async with exchange.database.write() as conn:
            call = await _stored(conn, relay, request, callback)
            if call is not None:
                facts = {"reason": "no answer could be decided in time"}
                await timeline.append(conn, call.id, "apologised", facts, now())

    await until_free(exchange.database, write)


async def _known(
    exchange: Exchange, relay: Relay, request: CarrierRequest, callback: Callback
) -> Call | None:
    """What is known of the call at once; a database that lets nobody read is not waited for."""
    call: Call | None = None
    with suppress(TimeoutError, *BUSY_ERRORS):
        async with asyncio.timeout(KNOWN_SECONDS), exchange.database.read() as conn:
            call = await _stored(conn, relay, request, callback)
    return call or answering.stranger(relay, callback)


async def _stored(
    conn: AsyncConnection, relay: Relay, request: CarrierRequest, callback: Callback
) -> Call | None:
    call = await calls.get(conn, request.call) if request.call else None
    return call or await calls.find(conn, relay.provider, callback.call_ids)
