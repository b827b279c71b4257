"""Which document a carrier gets: the core decides the verbs, the provider writes them down.

Every document that opens a stream ends in a tail that asks us what comes next, since carriers drop
the caller when a document ends. Documents are kept: a repeated request gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import structlog

from linecard.calls import Call, Direction
from linecard.carrier import Answer, RecordAt
from linecard.errors import GateRefused, UnsupportedByProvider
from linecard.exchange import dialups, recording
from linecard.exchange.context import Exchange
from linecard.exchange.presence import agent_is_gone
from linecard.exchange.stream_addresses import stream_url
from linecard.media.formats import pick_profile
from linecard.store import calls, documents, timeline, transfers
from linecard.verbs import Hangup, Reason, Record, Redirect, Reject, Say, Stream, Verb
from linecard.wall import now
from linecard.webhook import CarrierRequest, Kind, Reply

log = structlog.get_logger()

APOLOGY = "We are sorry, this call cannot go on. Please call again later."
WHISPER = "A caller is being connected to you."
MOST_NEW_STREAMS = 2
"""New streams after a lost one, in a call."""

Verbs = Sequence[Verb]


async def reply(
    exchange: Exchange,
    call: Call | None,
    request: CarrierRequest,
    reason: Reason,
    provider: str,
    account: str,
) -> Reply:
    """The document for a request; the same bytes for a repeat of it, until the call is to end."""
    hooks = exchange.plugins.relay(provider, account).hooks
    if call is None and not exchange.doors.is_open:
        return Reply(503, b"the server is stopping; ask again elsewhere")
    if call is None:
        verbs = await _for_strangers(exchange, reason)
        return _whole(provider, hooks.answer(None, verbs, reason))
    async with exchange.turns.of(call.id):
        async with exchange.database.read() as conn:
            call = await calls.get(conn, call.id) or call
        if call.is_over or call.closing:
            return _whole(provider, hooks.answer(call, [Hangup()], reason))
        kept = await _kept(exchange, call, request, reason)
        if kept is not None:
            return kept
        made = hooks.answer(call, await _verbs(exchange, call, request, reason), reason)
        return await _keep(exchange, call, request, reason, _whole(provider, made))


def _whole(provider: str, answer: Answer) -> Reply:
    """The reply, where it is all of the answer: commands beside it are not carried out yet."""
    if answer.effects:
        raise UnsupportedByProvider(provider, "effects of an answer")
    return answer.reply


async def _verbs(
    exchange: Exchange, call: Call, request: CarrierRequest, reason: Reason
) -> Sequence[Verb]:
    try:
        return await DECIDE[reason](exchange, call, request)
    except GateRefused as refusal:
        log.error("a transfer is no longer allowed", call=call.id, reason=refusal.message)
        return await _another_stream(exchange, call)


async def _for_strangers(exchange: Exchange, reason: Reason) -> Verbs:
    """A refusal; the busy tone while as many calls are live as we take."""
    if reason is not Reason.ANSWER:
        return [Hangup()]
    async with exchange.database.read() as conn:
        live = await calls.count_live(conn)
    return [Reject(busy=live >= exchange.settings.max_live_calls)]


def _slot(request: CarrierRequest, reason: Reason) -> tuple[str, str]:
    return request.kind or reason.value, request.reference or ""


async def _kept(
    exchange: Exchange, call: Call, request: CarrierRequest, reason: Reason
) -> Reply | None:
    kind, reference = _slot(request, reason)
    async with exchange.database.read() as conn:
        kept = await documents.get(conn, call.id, kind, reference)
    return Reply(kept.status, kept.body, kept.content_type) if kept else None


async def _keep(
    exchange: Exchange, call: Call, request: CarrierRequest, reason: Reason, made: Reply
) -> Reply:
    """Keep a document unless a request beside this one was first; then that one's is given."""
    kind, reference = _slot(request, reason)
    async with exchange.database.write() as conn:
        stands = await documents.put(
            conn, call.id, kind, reference, made.status, made.content_type, made.body
        )
    return Reply(stands.status, stands.body, stands.content_type)


async def _answer(exchange: Exchange, call: Call, _request: CarrierRequest) -> Verbs:
    return [*_recorded_in_document(exchange, call), *await stream_verbs(exchange, call)]


def _recorded_in_document(exchange: Exchange, call: Call) -> Verbs:
    facts = exchange.relay(call).hooks.facts()
    where = facts.record_inbound if call.direction is Direction.INBOUND else facts.record_outbound
    if not call.record or where is not RecordAt.DOCUMENT:
        return []
    ordered = recording.order(exchange, call)
    return [Record(callback_url=ordered.callback_url, max_seconds=ordered.max_seconds)]


async def stream_verbs(exchange: Exchange, call: Call) -> Verbs:
    """A stream to the call's agent, and behind it the tail that asks what comes next."""
    addresses = exchange.addresses(call.provider, call.account)
    profile = pick_profile(exchange.relay(call).hooks.stream_profiles(), call.profile)
    url, token_id = await stream_url(exchange, call)
    return [
        Stream(
            url=url,
            status_url=addresses.webhook(Kind.STREAM, call.id),
            profile=profile,
            options=call.options,
        ),
        Redirect(url=addresses.webhook(Kind.NEXT, call.id, token_id)),
    ]


async def _next(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    """The tail behind a stream, or the end of a dial."""
    if request.kind is Kind.DIALED:
        return await _after_dial(exchange, call, request)
    async with exchange.database.read() as conn:
        known = await transfers.of_call(conn, call.id)
    active = [transfer for transfer in known if transfer.state in dialups.ACTIVE]
    if active:
        return await dialups.verbs(exchange, call, active[-1])
    return await _another_stream(exchange, call)


async def _after_dial(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, request.reference or "")
        is_alone = await agent_is_gone(conn, exchange, call)
    if transfer is not None and transfer.result == "bridged":
        return [Hangup()]
    return _apology(call) if is_alone else await stream_verbs(exchange, call)


async def _another_stream(exchange: Exchange, call: Call) -> Verbs:
    async with exchange.database.write() as conn:
        names = [line.name for line in await timeline.of_call(conn, call.id)]
        is_alone = await agent_is_gone(conn, exchange, call)
        if is_alone or names.count("stream-asked-again") >= MOST_NEW_STREAMS:
            await timeline.append(conn, call.id, "apologised", {}, now())
            return _apology(call)
        await timeline.append(conn, call.id, "stream-asked-again", {}, now())
    return await stream_verbs(exchange, call)


def _apology(call: Call) -> Verbs:
    log.warning("the caller is told that the call cannot go on", call=call.id)
    return [Say(text=APOLOGY), Hangup()]


async def _transfer(exchange: Exchange, call: Call, request: CarrierRequest) -> Verbs:
    if request.kind is Kind.WHISPER:
        return [Say(text=WHISPER)]
    """The document of a transfer; one that was given up already, or is not there, brings a stream."""
    async with exchange.database.read() as conn:
        transfer = await transfers.get(conn, request.reference or "")
    if transfer is None or transfer.call != call.id or transfer.state == "ended":
        return await _another_stream(exchange, call)
    return await dialups.verbs(exchange, call, transfer)


async def _fallback(_exchange: Exchange, call: Call, _request: CarrierRequest) -> Verbs:
    return _apology(call)


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
