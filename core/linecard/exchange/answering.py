"""Which document a carrier gets: `deciding` says what it says, the provider writes it down.

Documents are kept: a repeated request gets the same bytes, and what the carrier is commanded beside
one is carried out once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.calls import Call, CallStatus
from linecard.carrier import Answer
from linecard.errors import UnsupportedByProvider
from linecard.events import AnswerRequested
from linecard.exchange import deciding, effects
from linecard.exchange.context import Exchange
from linecard.store import KeptDocument, calls, documents, timeline, transfers
from linecard.verbs import Hangup, Reason
from linecard.wall import now
from linecard.webhook import Callback, CarrierRequest, Kind, Reply

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.plugins import Relay

ONCE_A_CALL = frozenset({Kind.ANSWER, Kind.FALLBACK})
STREAM_STARTED = "stream-started"


async def reply(
    exchange: Exchange,
    relay: Relay,
    call: Call | None,
    request: CarrierRequest,
    callback: Callback,
    reason: Reason,
) -> Reply:
    """The document for a request; the same bytes for a repeat of it, until the call is to end."""
    if call is None:
        return await _to_stranger(exchange, relay, callback, reason)
    async with exchange.turns.of(call.id):
        async with exchange.database.read() as conn:
            call = await calls.get(conn, call.id) or call
            slot = await _slot(conn, call, request, reason, callback.question)
            kept = await _kept(conn, call, slot)
        if call.is_over or call.closing:
            made = relay.hooks.answer(call, [Hangup()], reason)
            effects.start(exchange, call, made.effects)
            return made.reply
        if kept is not None:
            return kept
        made = await _made(exchange, relay, call, request, callback, reason)
        return await _keep(exchange, call, slot, made)


async def _to_stranger(
    exchange: Exchange, relay: Relay, callback: Callback, reason: Reason
) -> Reply:
    if not exchange.doors.is_open:
        return Reply(503, b"the server is stopping; ask again elsewhere")
    verbs = await deciding.for_strangers(exchange, reason)
    made = relay.hooks.answer(stranger(relay, callback), verbs, reason)
    effects.start(exchange, None, made.effects)
    return made.reply


def stranger(relay: Relay, callback: Callback) -> Call | None:
    """What is known of a call that is not ours, for carriers who must be told which one to refuse."""
    asked = next((one for one in callback.events if isinstance(one, AnswerRequested)), None)
    if asked is None:
        return None
    return Call(
        id="",
        provider=relay.provider,
        account=relay.account,
        direction=asked.direction,
        from_=asked.from_,
        to=asked.to,
        number="",
        agent="",
        profile="",
        status=CallStatus.REJECTED,
        created_at=now(),
        carrier_ids=callback.call_ids,
    )


async def _made(
    exchange: Exchange,
    relay: Relay,
    call: Call,
    request: CarrierRequest,
    callback: Callback,
    reason: Reason,
) -> Answer:
    verbs = await deciding.verbs(exchange, call, request, reason, callback)
    try:
        return relay.hooks.answer(call, verbs, reason)
    except UnsupportedByProvider as missing:
        verbs = await deciding.instead(exchange, call, missing)
        return relay.hooks.answer(call, verbs, reason)


async def _slot(
    conn: AsyncConnection, call: Call, request: CarrierRequest, reason: Reason, question: str
) -> tuple[str, str]:
    """What a document is kept under, so that a repeated question finds it.

    An address of a number is the same whenever it is asked: there it is the streams that the call has
    had by then, and the transfers that are over, that tell one question from the next. Only the first answer is one for all of a call.
    """
    if question:
        return reason.value, question
    kind = request.kind or reason.value
    if request.call is not None:
        return kind, request.reference or ""
    if kind in ONCE_A_CALL:
        return kind, ""
    names = [line.name for line in await timeline.of_call(conn, call.id)]
    known = await transfers.of_call(conn, call.id) if kind != Kind.RETURN else ()
    over = sum(transfer.state == "ended" for transfer in known)
    return kind, str(names.count(STREAM_STARTED) + over)


async def _kept(conn: AsyncConnection, call: Call, slot: tuple[str, str]) -> Reply | None:
    kept = await documents.get(conn, call.id, *slot)
    return Reply(kept.status, kept.body, kept.content_type) if kept else None


async def _keep(exchange: Exchange, call: Call, slot: tuple[str, str], made: Answer) -> Reply:
    """Keep a document unless a request beside this one was first; then that one's is given.

    Commands beside it are carried out once, with the document that stands.
    """
    reply, key = made.reply, ":".join((call.id, *slot))

    async def keep(conn: AsyncConnection) -> tuple[KeptDocument, bool]:
        stands, is_ours = await documents.put(
            conn, call.id, *slot, reply.status, reply.content_type, reply.body
        )
        if is_ours:
            await effects.promise(exchange, conn, call, key, made.effects)
        return stands, is_ours

    stands, is_ours = await exchange.database.apart(keep)
    if is_ours:
        effects.start_promised(exchange, call, key, made.effects)
    return Reply(stands.status, stands.body, stands.content_type)
