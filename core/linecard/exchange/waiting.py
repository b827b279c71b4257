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


@dataclass(frozen=True, slots=True)
class Question:
    """One request for a document."""

    exchange: Exchange
    relay: Relay
    request: CarrierRequest
    callback: Callback
    reason: Reason

    @property
    def name(self) -> str:
        """How the call is called, which may not be stored yet."""
        known = self.request.call or ",".join(sorted(self.callback.call_ids.values()))
        return f"{self.relay.provider} {known}"

    def rings(self, call: Call) -> bool:
        """Whether the caller still hears the ringing tone: not after a document that waits."""
        is_first = self.reason is Reason.ANSWER and call.direction is Direction.INBOUND
        return is_first and not self.exchange.waits.has_waited(self.name)


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
    asked, progress = Question(exchange, relay, request, callback, reason), Progress()

    async def decide() -> Reply | LinecardError:
        try:
            accepted = await until_free(
                exchange.database, lambda: accept(exchange, relay, request, callback)
            )
            if accepted.reply is not None:
                return accepted.reply
            call = accepted.call
            progress.rings = call is not None and asked.rings(call)
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
    reply = None if work.done() else await _wait(asked, work)
    if reply is not None:
        return reply
    await asyncio.wait({work}, timeout=HOLD_SECONDS)
    if not work.done():
        return BUSY
    result: Reply | LinecardError = work.result()
    if isinstance(result, NoFreePod):
        return await _without_pod(asked, work, result)
    exchange.waits.over(asked.name, request.url)
    if isinstance(result, LinecardError):
        raise result
    return result


async def _without_pod(asked: Question, work: Work, why: NoFreePod) -> Reply:
    """Another try soon where the carrier can be told to wait, else its own next try, or the end."""
    exchange = asked.exchange
    if no_pod.waits(exchange):
        return await _wait(asked, work) or BUSY
    call = await _known(asked)
    exchange.waits.over(asked.name, asked.request.url)
    if call is None:
        return BUSY
    return await no_pod.turn_away(exchange, asked.relay, call, asked.reason, why)


async def _wait(asked: Question, work: Work) -> Reply | None:
    """The document that waits, or after eight of them the apology; None where the carrier has no such."""
    exchange, request = asked.exchange, asked.request
    call = await _known(asked)
    verbs: Sequence[Verb] = [Pause(seconds=PAUSE_SECONDS), Redirect(url=request.url)]
    is_last = exchange.waits.another(asked.name, exchange.clock.now()) > MOST_ROUNDS
    if is_last:
        log.error("an answer could not be decided; the caller is told", call=call and call.id)
        verbs = deciding.apology(exchange, call)
    try:
        made = asked.relay.hooks.answer(call, verbs, asked.reason)
    except UnsupportedByProvider:
        return None
    if is_last:
        exchange.waits.over(asked.name, request.url)
        exchange.tasks.start(_note(asked, work), "note an apology")
    else:
        exchange.waits.keep(request, asked.callback, exchange.clock.now())
    exchange.metrics.waited.labels(asked.relay.provider).inc()
    return made.reply


async def _note(asked: Question, work: Work) -> None:
    """The apology, onto the record of the call, once that can be written."""
    await asyncio.shield(work)

    async def write() -> None:
        async with asked.exchange.database.write() as conn:
            call = await _stored(conn, asked)
            if call is not None:
                facts = {"reason": "no answer could be decided in time"}
                await timeline.append(conn, call.id, "apologised", facts, now())

    await until_free(asked.exchange.database, write)


async def _known(asked: Question) -> Call | None:
    """What is known of the call at once; a database that lets nobody read is not waited for."""
    call: Call | None = None
    with suppress(TimeoutError, *BUSY_ERRORS):
        async with asyncio.timeout(KNOWN_SECONDS), asked.exchange.database.read() as conn:
            call = await _stored(conn, asked)
    return call or answering.stranger(asked.relay, asked.callback)


async def _stored(conn: AsyncConnection, asked: Question) -> Call | None:
    named = asked.request.call
    call = await calls.get(conn, named) if named else None
    return call or await calls.find(conn, asked.relay.provider, asked.callback.call_ids)
