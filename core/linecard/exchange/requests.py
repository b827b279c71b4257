"""A carrier's request from the door to the reply: believed, read, stored, answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import structlog

from linecard.calls import Call, Direction
from linecard.carrier import RecordAt
from linecard.errors import RequestRefused
from linecard.events import AnswerRequested, CarrierEvent
from linecard.exchange import answering, inbox, recording
from linecard.exchange.context import Exchange
from linecard.webhook import CarrierRequest, Reply

if TYPE_CHECKING:
    from linecard.plugins import Relay

log = structlog.get_logger()


async def handle(exchange: Exchange, relay: Relay, request: CarrierRequest) -> Reply:
    """The reply to a carrier's request.

    Raises RequestRefused before anything is written when the request is not believed or not readable.
    """
    _check_token(exchange, relay, request)
    _verify(exchange, relay, request)
    callback = relay.hooks.parse_callback(request)
    accepted = await inbox.accept(exchange, relay, request, callback)
    for event in accepted.fresh:
        _follow_up(exchange, accepted.call, event)
    if callback.wants is None:
        return callback.reply or Reply()
    return await answering.reply(
        exchange, accepted.call, request, callback.wants, relay.provider, relay.account
    )


def _check_token(exchange: Exchange, relay: Relay, request: CarrierRequest) -> None:
    """Our own query must be whole: an address of a call is believed only with its token."""
    token = dict(request.query).get("t")
    if token is None and request.call is None and request.reference is None:
        return
    fits = request.kind is not None and exchange.tokens.is_webhook(
        token or "",
        relay.provider,
        relay.account,
        request.call or "",
        request.kind,
        request.reference or "",
    )
    if not fits:
        raise RequestRefused("the address is not one that we gave out")


def _verify(exchange: Exchange, relay: Relay, request: CarrierRequest) -> None:
    try:
        relay.hooks.verify_request(request)
    except RequestRefused:
        exchange.metrics.refused.labels(relay.provider).inc()
        other = _other_address(relay, request)
        if other:
            log.warning(
                "the signature fits another public URL than LINECARD_PUBLIC_URL",
                fits=other,
                setting=exchange.settings.public_url,
            )
        raise


def _other_address(relay: Relay, request: CarrierRequest) -> str | None:
    """The address, built from the received Host, that the signature would fit; for the log only."""
    ours = urlsplit(request.url)
    for scheme in ("https", "http"):
        origin = ours._replace(scheme=scheme, netloc=request.headers.get("host", ""))
        try:
            relay.hooks.verify_request(replace(request, url=urlunsplit(origin)))
        except RequestRefused:
            continue
        return f"{scheme}://{origin.netloc}"
    return None


def _follow_up(exchange: Exchange, call: Call | None, event: CarrierEvent) -> None:
    if call is not None and isinstance(event, AnswerRequested) and _records_now(exchange, call):
        exchange.tasks.start(recording.start(exchange, call), "start recording")


def _records_now(exchange: Exchange, call: Call) -> bool:
    """Whether the recording is asked for by API at the answer, as the carrier's facts say."""
    facts = exchange.relay(call).hooks.facts()
    where = facts.record_outbound if call.direction is Direction.OUTBOUND else facts.record_inbound
    return call.record and not call.is_over and where is RecordAt.LIVE
