"""What a document says: the core decides the verbs.

Every document that opens a stream ends in a tail that asks us what comes next, since carriers drop
the caller when a document ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import structlog

from linecard.calls import Call, CallStatus, Direction
from linecard.errors import GateRefused, UnsupportedByProvider
from linecard.events import TransferResult
from linecard.exchange import (
    consenting,
    dialups,
    diverting,
    endings,
    menus,
    pressing,
    recording_moves,
    routed,
    targets,
)
from linecard.exchange.context import Exchange
from linecard.exchange.presence import ON_STREAM, agent_is_gone, is_attended
from linecard.exchange.stream_addresses import VALID_SECONDS, Place, stream_url
from linecard.media.formats import pick_profile
from linecard.store import calls, timeline, transfers
from linecard.store.transfers import Transfer
from linecard.transfers import TransferState, read_reference
from linecard.verbs import Hangup, Reason, Redirect, Reject, Say, Stream, Verb
from linecard.wall import now
from linecard.webhook import Callback, CarrierRequest, Kind

log = structlog.get_logger()

OF_TARGETS = frozenset({Kind.WHISPER, Kind.TARGET, Kind.ACCEPT})
"""Addresses that a target's own leg asks."""
MOST_NEW_STREAMS = 2
"""New streams after a lost one, in a call."""

Verbs = Sequence[Verb]


async def verbs(
    exchange: Exchange, call: Call, request: CarrierRequest, reason: Reason, callback: Callback
) -> Verbs:
    """What the document for a request says."""
    try:
        if consenting.is_answer(request):
            return await _consented(exchange, call, request, callback)
        if reason is Reason.GATHERED and not is_attended(call):
            return await _gathered(exchange, call, request, callback)
        return await DECIDE[reason](exchange, call, request)
    except GateRefused as refusal:
        log.error("a transfer is no longer allowed", call=call.id, reason=refusal.message)
        await dialups.refuse_moving(exchange, call, "no-longer-allowed", TransferResult.FAILED)
        return await _another_stream(exchange, call)


async def instead(exchange: Exchange, call: Call, missing: UnsupportedByProvider) -> Verbs:
    """What is said where the carrier cannot say it: a transfer is given up, and the agent goes on."""
    log.error("the carrier cannot say the document", call=call.id, reason=str(missing))
    async with exchange.database.write() as conn:
        await timeline.append(conn, call.id, "not-sayable", {"reason": str(missing)}, now())
    if not await dialups.refuse_moving(exchange, call, "not-sayable", TransferResult.UNSUPPORTED):
        return [Hangup()]
    return await _stream_if_agent(exchange, call)


async def for_strangers(exchange: Exchange, reason: Reason) -> Verbs:
    """A refusal; the busy tone while as many calls are live as we take."""
    if reason is not Reason.ANSWER:
        return [Hangup()]
    async with exchange.database.read() as conn:
        live = await calls.count_live(conn)
    return [Reject(busy=live >= exchange.settings.max_live_calls)]


async def _answer(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    if request.kind is Kind.RETURN:
        return await _after_return(exchange, call)
    if call.route and not call.route.get(ON_STREAM):
        return await _routed(exchange, call)
    return await agent_verbs(exchange, call)


async def _routed(exchange: Exchange, call: Call) -> Verbs:
    action = routed.action_of(call)
    if call.agent and action is not None:
        return [*diverting.spoken(action.message), *await agent_verbs(exchange, call)]
    menu = routed.menu_of(call)
    if menu is not None:
        return menus.asking(exchange, call, menu, 1)
    return await diverting.answer(exchange, call) or await _unreached(exchange, call)


async def _gathered(
    exchange: Exchange, call: Call, request: CarrierRequest, callback: Callback
) -> Verbs:
    """A key of a menu, or none in time; a menu that is over has had its key already."""
    menu = routed.menu_of(call)
    if menu is None:
        return await _next(exchange, call, request)
    chosen = await menus.choose(exchange, call, menu, request.reference or "", callback.events)
    if not isinstance(chosen, Call):
        return chosen
    return [*menus.words_before(menu, callback.events), *await agent_verbs(exchange, chosen)]


async def _consented(
    exchange: Exchange, call: Call, request: CarrierRequest, callback: Callback
) -> Verbs:
    """The prompt was heard, or answered with a key or none: the agent, or the end."""
    call = await consenting.answered(exchange, call, request.reference or "", callback.events)
    before = await consenting.before_agent(exchange, call)
    return [Hangup()] if before is None else [*before, *await stream_verbs(exchange, call)]


async def agent_verbs(exchange: Exchange, call: Call, place: Place | None = None) -> Verbs:
    """The first stream of a call, recorded where that is asked for in the document; a prompt where consent is due."""
    if consenting.is_due(call):
        return await consenting.asking(exchange, call)
    recorded = call.record and call.may_be_recorded
    if not recorded or not consenting.records_in_document(exchange, call):
        return await stream_verbs(exchange, call, place=place)
    stream = await stream_verbs(exchange, call, place=place)
    return [consenting.recorded_verb(exchange, call), *stream]


async def stream_verbs(
    exchange: Exchange,
    call: Call,
    valid_seconds: int = VALID_SECONDS,
    place: Place | None = None,
) -> Verbs:
    """A stream to the call's agent, and behind it the tail that asks what comes next.

    Its token may be used for `valid_seconds`; its place is asked for where it is not given.
    """
    addresses = exchange.addresses(call.provider, call.account)
    profile = pick_profile(exchange.relay(call).hooks.stream_profiles(), call.profile)
    url, token_id = await stream_url(exchange, call, valid_seconds, place)
    return [
        Stream(
            url=url,
            status_url=addresses.webhook(Kind.STREAM, call.id),
            profile=profile,
            options=call.options,
        ),
        Redirect(url=addresses.webhook(Kind.NEXT, call.id, token_id)),
    ]


async def verbs_at_dial(exchange: Exchange, call: Call) -> Verbs:
    """The answer of a call whose stream address goes out with the dial: good until it has rung out."""
    return await stream_verbs(exchange, call, call.ring_seconds + VALID_SECONDS)


async def _next(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    """The tail behind a stream, or the end of a dial."""
    if request.kind is Kind.DIALED:
        return await _after_dial(exchange, call, request)
    if call.status is not CallStatus.IN_PROGRESS and call.direction is Direction.OUTBOUND:
        return [Hangup()]  # its stream came before the answer, and nobody answered
    if request.kind is Kind.BACK:
        keys = pressing.verbs(exchange, call, request.reference)
        return [*keys, *await _stream_if_agent(exchange, call)]
    transfer = await dialups.moving(exchange, call)
    dialled = await _dialled(exchange, call, transfer)
    if dialled:
        return dialled
    if routed.is_turned_away(call):
        return [Hangup()]
    return await _another_stream(exchange, call)


async def _after_return(exchange: Exchange, call: Call) -> Verbs:
    """The caller is back from whoever was rung at an address of the number."""
    await dialups.give_up_moving(exchange, call)
    if routed.is_sent_on(call) and not is_attended(call) and not await _was_taken(exchange, call):
        return await _unreached(exchange, call)
    return await _stream_if_agent(exchange, call)


async def _was_taken(exchange: Exchange, call: Call) -> bool:
    async with exchange.database.read() as conn:
        known = await transfers.of_call(conn, call.id)
    return any(one.result is TransferResult.BRIDGED for one in known)


async def _unreached(exchange: Exchange, call: Call) -> Verbs:
    """The caller hears that nobody takes a redirect: in the document, or on our own stream."""
    action = routed.action_of(call)
    assert action is not None
    if exchange.relay(call).hooks.facts().speaks:
        return await diverting.unreached(exchange, call, action)
    told = await diverting.told_on_stream(exchange, call, action)
    return [Hangup()] if told is None else await stream_verbs(exchange, told)


async def _stream_if_agent(exchange: Exchange, call: Call) -> Verbs:
    async with exchange.database.read() as conn:
        is_alone = await agent_is_gone(conn, exchange, call)
    if is_alone:
        await endings.expect_end(exchange, call)
        return [Hangup()]
    return await stream_verbs(exchange, call)


async def _whom_to_dial(exchange: Exchange, call: Call) -> Verbs:
    """Asked at an address of the number, which does not say for which transfer."""
    transfer = await dialups.moving(exchange, call)
    return await _dialled(exchange, call, transfer) or await _stream_if_agent(exchange, call)


async def _after_dial(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, read_reference(request.reference or "")[0])
        is_alone = await agent_is_gone(conn, exchange, call)
    if transfer is not None and transfer.result is TransferResult.BRIDGED:
        return [Hangup()]
    if transfer is not None and transfer.state is TransferState.DIALING:
        return await dialups.verbs(exchange, call, transfer)
    if is_alone and routed.is_sent_on(call):
        return await _unreached(exchange, call)
    return apology(exchange, call) if is_alone else await stream_verbs(exchange, call)


async def _another_stream(exchange: Exchange, call: Call) -> Verbs:
    async with exchange.database.write() as conn:
        names = [line.name for line in await timeline.of_call(conn, call.id)]
        is_alone = await agent_is_gone(conn, exchange, call)
        if is_alone or names.count("stream-asked-again") >= MOST_NEW_STREAMS:
            await timeline.append(conn, call.id, "apologised", {}, now())
            return apology(exchange, call)
        await timeline.append(conn, call.id, "stream-asked-again", {}, now())
    return await stream_verbs(exchange, call)


def apology(exchange: Exchange, call: Call | None) -> Verbs:
    """What a caller hears when the call cannot go on, and its end."""
    log.warning("the caller is told that the call cannot go on", call=call and call.id)
    return [Say(text=exchange.settings.apology), Hangup()]


async def _transfer(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    """The document of a transfer; one that was given up already, or is not there, brings a stream."""
    if request.kind is Kind.DIAL:
        return await _whom_to_dial(exchange, call)
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, read_reference(request.reference or "")[0])
    if transfer is not None and transfer.call != call.id:
        transfer = None
    if request.kind in OF_TARGETS:
        return await targets.verbs(exchange, call, request, transfer)
    return await _dialled(exchange, call, transfer) or await _another_stream(exchange, call)


async def _dialled(exchange: Exchange, call: Call, transfer: Transfer | None) -> Verbs:
    """The document that takes the caller to others, with what it says of the recording; empty for none."""
    dialled = await dialups.verbs(exchange, call, transfer) if transfer else ()
    return [*await recording_moves.moved(exchange, call), *dialled] if dialled else ()


async def _fallback(exchange: Exchange, call: Call, _request: CarrierRequest) -> Verbs:
    return apology(exchange, call)


DECIDE: Mapping[Reason, Callable[[Exchange, Call, CarrierRequest], Awaitable[Verbs]]] = (
    MappingProxyType(
        {
            Reason.ANSWER: _answer,
            Reason.NEXT: _next,
            Reason.TRANSFER: _transfer,
            Reason.GATHERED: _next,
            Reason.FALLBACK: _fallback,
        }
    )
)
