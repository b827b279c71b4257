"""A carrier's request from the door to the reply: believed, read, stored, answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.carrier import RecordAt
from linecard.errors import RequestRefused
from linecard.events import AnswerRequested, CarrierEvent
from linecard.exchange import (
    at_once,
    belonging,
    confirming,
    inbox,
    patience,
    recording,
    waiting,
)
from linecard.exchange.believing import believe
from linecard.exchange.context import Exchange
from linecard.exchange.inbox import Accepted
from linecard.exchange.instances import BelongsTo
from linecard.exchange.pasted import is_proof
from linecard.exchange.refusals import REQUESTS
from linecard.exchange.tapping import Seen, note_request
from linecard.webhook import Callback, CarrierRequest, Kind, Reply

if TYPE_CHECKING:
    from linecard.plugins import Relay

OURS = frozenset("ackxt")
"""The fields of our own query: account, call, kind, reference, token."""


async def handle(
    exchange: Exchange, relay: Relay, request: CarrierRequest, *, stays: bool = False
) -> Reply:
    """The reply to a carrier's request.

    Raises RequestRefused before anything is written when the request is not believed or not readable, and
    BelongsTo, unless it `stays` here, where another process must answer it.
    """
    seen = Seen(exchange.clock.now(), request)
    try:
        reply = await _handle(exchange, relay, request, seen, stays)
    except BelongsTo:
        raise
    except BaseException as error:
        _note_refusal(exchange, seen, error)
        note_request(exchange, seen, None, error)
        raise
    note_request(exchange, seen, reply)
    return reply


def _note_refusal(exchange: Exchange, seen: Seen, error: BaseException) -> None:
    """Of a call whose own address was asked; what carries no token of ours is nobody's."""
    if seen.request.call and seen.stage != "token" and isinstance(error, RequestRefused):
        exchange.refusals.note(seen.request.call, REQUESTS, error.reason)


async def _handle(
    exchange: Exchange, relay: Relay, request: CarrierRequest, seen: Seen, stays: bool
) -> Reply:
    request = replace(request, is_ours=await _carries_token(exchange, relay, request))
    seen.stage = "proof"
    believe(exchange, relay, request)
    seen.stage = "reading"
    told = exchange.waits.told(request)
    callback = seen.callback = told or relay.hooks.parse_callback(request)
    if not stays and exchange.instances.name is not None:
        await belonging.check(exchange, relay, request, callback)
    if callback.wants is None:
        return await patience.take(exchange, relay, request, callback, partial(store, seen=seen))
    how = partial(accept, seen=seen)
    return await waiting.answer(exchange, relay, request, callback, how, callback.wants)


async def store(
    exchange: Exchange,
    relay: Relay,
    request: CarrierRequest,
    callback: Callback,
    seen: Seen | None = None,
) -> Reply:
    """Store and apply a callback that wants no document."""
    await accept(exchange, relay, request, callback, seen)
    return callback.reply or Reply()


async def accept(
    exchange: Exchange,
    relay: Relay,
    request: CarrierRequest,
    callback: Callback,
    seen: Seen | None = None,
) -> Accepted:
    """Store and apply what a request says, and begin what follows."""
    say = at_once.saying(exchange, relay, request, callback)
    accepted = await inbox.accept(exchange, relay, request, callback, say)
    if accepted.call is not None and accepted.reply is not None:
        await exchange.leases.of(exchange.plugins, accepted.call)  # this process, at once
    if seen is not None:
        seen.call, seen.stage, seen.accepted = accepted.call, "answer", exchange.clock.now()
    for event in accepted.fresh:
        _follow_up(exchange, accepted.call, event)
    if accepted.call is not None and accepted.opened and relay.hooks.facts().unsigned:
        exchange.tasks.start(confirming.confirm(exchange, accepted.call), "confirm an arrival")
    return accepted


async def _carries_token(exchange: Exchange, relay: Relay, request: CarrierRequest) -> bool:
    """Whether the address carries our token. Raises RequestRefused where it should and does not.

    An address without call, reference and token is one that a person has typed in at the carrier.
    """
    given = {name: value for name, value in request.query if name in OURS}
    if given.keys() <= {"a", "k"}:
        return False
    fits = given.keys() >= {"a", "k", "t"} and exchange.tokens.is_webhook(
        given["t"],
        relay.provider,
        relay.account,
        given.get("c", ""),
        Kind(given["k"]),
        given.get("x", ""),
    )
    if not fits or not await _is_current(exchange, relay, given):
        raise RequestRefused("the address is not one that we gave out")
    return True


async def _is_current(exchange: Exchange, relay: Relay, given: Mapping[str, str]) -> bool:
    """A reference without a call is the proof of a number, which may have been replaced since."""
    if "x" not in given or "c" in given:
        return True
    async with exchange.database.read() as conn:
        return await is_proof(conn, relay, given["x"])


def _follow_up(exchange: Exchange, call: Call | None, event: CarrierEvent) -> None:
    if call is None:
        return
    if isinstance(event, AnswerRequested) and event.answers and _records_now(exchange, call):
        exchange.tasks.start(recording.begin(exchange, call), "start recording")


def _records_now(exchange: Exchange, call: Call) -> bool:
    """Whether the recording is asked for by API at the answer, as the carrier's facts say."""
    where = exchange.relay(call).hooks.facts().record_at(call.direction)
    return call.record and call.may_be_recorded and not call.is_over and where is RecordAt.LIVE
