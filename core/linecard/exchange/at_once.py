"""The document of a call that goes straight to its agent, kept in the transaction that opens the call.

Nobody else can know of the call before that is done. Whatever would have to wait for something, or to
write more, is decided after it (`answering`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from linecard.carrier import HERE
from linecard.errors import UnsupportedByProvider
from linecard.exchange import consenting, deciding
from linecard.exchange.context import Exchange
from linecard.exchange.inbound import Opened
from linecard.exchange.inbox import Say
from linecard.exchange.stream_addresses import Place
from linecard.store import documents
from linecard.verbs import Reason
from linecard.webhook import Callback, CarrierRequest, Kind, Reply

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.calls import Call
    from linecard.plugins import Relay

log = structlog.get_logger()


def saying(exchange: Exchange, relay: Relay, request: CarrierRequest, callback: Callback) -> Say:
    """What says the document of a request that opens a call."""

    async def say(conn: AsyncConnection, opened: Opened) -> Reply | None:
        if not (_is_first(request, callback) and _is_plain(exchange, opened.call)):
            return None
        reply = await _made(exchange, relay, opened)
        if reply is not None:
            kept = (reply.status, reply.content_type, reply.body)
            await documents.put(conn, opened.call.id, Kind.ANSWER, "", *kept)
        return reply

    return say


def _is_first(request: CarrierRequest, callback: Callback) -> bool:
    """Whether the document is the one answer of the whole call, and kept as such."""
    is_answer = callback.wants is Reason.ANSWER and request.kind is Kind.ANSWER
    return is_answer and request.call is None and not callback.question


def _is_plain(exchange: Exchange, call: Call) -> bool:
    """Whether nothing stands between the caller and the agent, and no place must be asked for."""
    is_on = not (call.is_over or call.closing or call.is_forgotten)
    goes_straight = bool(call.agent) and not call.route and not consenting.is_due(call)
    return is_on and goes_straight and not exchange.plugins.answers("allocate_pod")


async def _made(exchange: Exchange, relay: Relay, opened: Opened) -> Reply | None:
    """None where more belongs to it than a document; a fault of the carrier's plugin must not undo the call."""
    try:
        place = Place(HERE, opened.number.id)
        verbs = await deciding.agent_verbs(exchange, opened.call, place)
        made = relay.hooks.answer(opened.call, verbs, Reason.ANSWER)
    except UnsupportedByProvider:
        return None
    except Exception:
        log.exception("an answer failed; it is tried again", call=opened.call.id)
        return None
    return None if made.effects else made.reply
