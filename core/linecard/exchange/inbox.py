"""Carrier events into the record: stored once, applied in one transaction, then told to the call.

The inbox is unique on provider, account and the event's key, so a repeat changes nothing, whatever
its order (carriers retry, and promise no order).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linecard.calls import Call, CallStatus
from linecard.errors import Conflict, RequestRefused
from linecard.events import CALLER, CarrierEvent, LegEnded, MachineDetected, TransferReported
from linecard.exchange import recording_jobs, releasing, telling, transferring
from linecard.exchange.chronicle import event_facts, event_name
from linecard.exchange.context import Exchange, ids_fit
from linecard.exchange.detections import news_of_look_up, strongest
from linecard.exchange.ends import with_others
from linecard.exchange.folding import changes
from linecard.exchange.forgetting import late
from linecard.exchange.inbound import Opened, as_routed, asked_in, open_call
from linecard.exchange.keeping import NOT_TOLD, REQUEST, Told, as_told, early_events, payload, told
from linecard.exchange.notifying import writing as notifying
from linecard.exchange.refusals import REPEATED
from linecard.exchange.settling import settle_rows
from linecard.store import calls, inbox, timeline
from linecard.wall import now
from linecard.webhook import Callback, CarrierRequest, Reply

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.plugins import Relay

NEVER_OPENED_SECONDS = 5
"""A call that ends so soon after its answer, without a stream, was lost by the stream."""


Say = Callable[["AsyncConnection", Opened], Awaitable[Reply | None]]
"""The reply for a call as it stands in the transaction that has opened it; None: it is decided later."""


async def later(_conn: AsyncConnection, _opened: Opened) -> Reply | None:
    """No document now."""
    return None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a request: its call (None where we know none), and the events that were new.

    `opened`: the request opened the call; `ended`: the call was live before and is over now;
    `reply`: the document that was kept with it.
    """

    call: Call | None
    fresh: tuple[CarrierEvent, ...] = ()
    opened: bool = False
    ended: bool = False
    reply: Reply | None = None


async def accept(
    exchange: Exchange,
    relay: Relay,
    request: CarrierRequest,
    callback: Callback,
    say: Say = later,
) -> Accepted:
    """Store and apply what a verified request says; `say` makes the document of a call that it opens.

    Raises RequestRefused (403) when it speaks of another call than its address.
    """

    asked = _Asked(exchange, relay, request, callback, say)
    try:
        accepted = await _accept(asked)
    except Conflict:
        # A request beside this one was quicker to open the call, and now it is there to be found.
        accepted = await _accept_after_all(asked)
    _count(exchange, relay, accepted, callback)
    if accepted.call is not None:
        await telling.tell(exchange, accepted.call, accepted.fresh, accepted.ended)
    return accepted


async def _accept(asked: _Asked) -> Accepted:
    database = asked.exchange.database
    if _may_open(asked.request, asked.callback):
        with suppress(_KnownAlready):
            return await database.together(asked.open)
    return await database.apart(asked.find_or_open)


async def _accept_after_all(asked: _Asked) -> Accepted:
    try:
        return await _accept(asked)
    except Conflict as error:
        raise RequestRefused("the call belongs to another account") from error


def _may_open(request: CarrierRequest, callback: Callback) -> bool:
    """Whether the request may be the first of a call that comes in: nothing in it names one of ours."""
    return not (request.call or callback.our_call) and asked_in(callback) is not None


class _KnownAlready(Exception):
    """A request is not the first of its call."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request on its way into the record."""

    exchange: Exchange
    relay: Relay
    request: CarrierRequest
    callback: Callback
    say: Say

    async def find_or_open(self, conn: AsyncConnection) -> Accepted:
        """What becomes of it, whether its call is known or not."""
        call = await _find(conn, self.relay, self.request, self.callback)
        if call is None:
            return await self._opened(conn)
        return await _store(conn, self, call, self.callback.events)

    async def open(self, conn: AsyncConnection) -> Accepted:
        """The same of the first one of a call: no row of others is held. Raises _KnownAlready."""
        if await calls.is_known(conn, self.relay.provider, self.callback.call_ids):
            raise _KnownAlready
        return await self._opened(conn)

    async def _opened(self, conn: AsyncConnection) -> Accepted:
        exchange, relay, callback = self.exchange, self.relay, self.callback
        opened = await open_call(conn, exchange, relay, callback)
        if opened is None:
            return await _store(conn, self, None, callback.events)
        events = as_routed(opened.call, callback.events)
        early = await early_events(conn, opened.call)
        stored = await _store(conn, self, opened.call, (*events, *early))
        reply = await self.say(conn, replace(opened, call=stored.call or opened.call))
        return replace(stored, opened=True, reply=reply)


async def apply(exchange: Exchange, call: Call, events: Sequence[CarrierEvent]) -> Call:
    """Apply events that came by a look-up or from ourselves."""
    async with exchange.database.write() as conn:
        current = await calls.get(conn, call.id) or call
        accepted = await _apply_all(conn, exchange, current, events, asked=True)
    await telling.tell(exchange, accepted.call or call, accepted.fresh, accepted.ended)
    return accepted.call or call


async def _find(
    conn: AsyncConnection, relay: Relay, request: CarrierRequest, callback: Callback
) -> Call | None:
    named = request.call
    if not named:
        found = await calls.find(conn, relay.provider, callback.call_ids)
        if found is not None or not callback.our_call:
            return found if found and found.account == relay.account else None
        named = callback.our_call
    call = await calls.get(conn, named)
    if call is None:
        return None
    if (call.provider, call.account) != (relay.provider, relay.account):
        raise RequestRefused("the address belongs to a call of another account")
    if not ids_fit(call, callback.call_ids):
        raise RequestRefused("the request speaks of another call than its address")
    return call


async def _store(
    conn: AsyncConnection, asked: _Asked, call: Call | None, events: Sequence[CarrierEvent]
) -> Accepted:
    exchange, callback = asked.exchange, asked.callback
    of = told(exchange.redactor, asked.request, callback)
    if call is None:
        await _store_strange(conn, asked.relay, callback, of)
        return Accepted(None)
    is_new = not callback.call_ids.items() <= call.carrier_ids.items()
    if is_new and not call.is_forgotten:
        call = await _add_ids(conn, call, callback)
    if of.digest and not call.is_forgotten:
        kept = {"event": REQUEST, **as_told(of)}
        key = f"{REQUEST}:{of.digest}"
        await inbox.put(conn, call.provider, call.account, key, call.id, kept, now())
    return await _apply_all(conn, exchange, call, events, of)


async def _store_strange(conn: AsyncConnection, relay: Relay, callback: Callback, of: Told) -> None:
    """Of no call that we know; it may be opened yet."""
    for event in callback.events:
        named = replace(event, carrier_ids={**callback.call_ids, **event.carrier_ids})
        kept = payload(named, of)
        await inbox.put(conn, relay.provider, relay.account, event.key, None, kept, now())
        of = of.without_raw()


async def _add_ids(conn: AsyncConnection, call: Call, callback: Callback) -> Call:
    try:
        return await calls.add_ids(conn, call, callback.call_ids)
    except Conflict as error:
        raise RequestRefused("the request speaks of another call than its address") from error


async def _apply_all(
    conn: AsyncConnection,
    exchange: Exchange,
    call: Call,
    events: Sequence[CarrierEvent],
    of: Told = NOT_TOLD,
    *,
    asked: bool = False,
) -> Accepted:
    if call.is_forgotten:
        await late.came(exchange, conn, call, events)
        return Accepted(call)
    fresh: list[CarrierEvent] = []
    was_over = call.is_over
    await exchange.refusals.write(conn, call.id)
    if asked:
        events = await news_of_look_up(conn, call, events)
        events = await transferring.certain(conn, call, events)
    for event in events:
        kept = payload(event, of, asked=asked)
        is_new = await inbox.put(conn, call.provider, call.account, event.key, call.id, kept, now())
        if is_new:
            call, judged, is_news = await _apply(conn, exchange, call, event)
            fresh += [judged] if is_news else []
            of = of.without_raw()
        else:
            exchange.refusals.note(call.id, REPEATED, event_name(event))
    return Accepted(call, tuple(fresh), ended=call.is_over and not was_over)


async def _apply(
    conn: AsyncConnection, exchange: Exchange, call: Call, event: CarrierEvent
) -> tuple[Call, CarrierEvent, bool]:
    """The call after an event, what it means, and whether anybody need be told of it."""
    at = now()
    counts = await _whole(conn, call, event)
    event = await _judged(conn, call, event)
    changed = changes(call, await _judged(conn, call, counts), at) if counts else {}
    if changed:
        await calls.change(conn, call.id, **changed)
    is_news = await settle_rows(conn, call, event, at)
    await timeline.append(conn, call.id, event_name(event), event_facts(event), at)
    applied = replace(call, **changed)
    await recording_jobs.event_applied(exchange, conn, applied, event)
    await releasing.event_applied(exchange, conn, applied, event)
    if is_news:
        await notifying.event_applied(exchange, conn, call, applied, event)
    return applied, event, is_news


async def _whole(conn: AsyncConnection, call: Call, event: CarrierEvent) -> CarrierEvent | None:
    """What counts for the record: of an end, and of who answered, all that was ever
    reported of it; None where it stands."""
    if isinstance(event, LegEnded) and event.leg == CALLER:
        return await with_others(conn, call, event)
    if isinstance(event, MachineDetected) and event.leg == CALLER:
        return await strongest(conn, call, event)
    return event


async def _judged(conn: AsyncConnection, call: Call, event: CarrierEvent) -> CarrierEvent:
    """An end of our document soon after the answer, with no stream ever opened, is a failure.

    Carriers report it like a call that ended well. What a transfer's report means, its row knows.
    """
    if isinstance(event, TransferReported):
        return await transferring.judged(conn, call, event)
    if not isinstance(event, LegEnded) or event.leg != CALLER or call.closing or not call.agent:
        return event
    names = {line.name for line in await timeline.of_call(conn, call.id)}
    too_soon = event.ran_out and (event.duration or 0) <= NEVER_OPENED_SECONDS
    if "stream-started" in names or not (too_soon or "apologised" in names):
        return event
    return replace(event, status=CallStatus.FAILED, reason="the stream never opened")


def _count(exchange: Exchange, relay: Relay, accepted: Accepted, callback: Callback) -> None:
    if callback.unknown:
        exchange.metrics.unknown_fields.labels(relay.provider).inc(len(callback.unknown))
        exchange.sparing.warning(
            "unknown webhook fields are kept and counted",
            provider=relay.provider,
            fields=", ".join(sorted(callback.unknown)),
        )
    if accepted.call is None and callback.events:
        exchange.metrics.unmatched.labels(relay.provider).inc()
        exchange.sparing.warning(
            "a callback of no known call was kept",
            provider=relay.provider,
            events=", ".join(event_name(event) for event in callback.events),
        )
