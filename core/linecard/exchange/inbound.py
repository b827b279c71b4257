"""A call that comes in: the dialled number decides, and its routing says who gets the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus, Direction
from linecard.errors import LimitReached
from linecard.events import AnswerRequested, CarrierEvent
from linecard.exchange import routed
from linecard.exchange.context import Exchange
from linecard.exchange.notifying import writing as notifying
from linecard.media.formats import inbound_profile
from linecard.numbers import Number, mask
from linecard.outbound import limits
from linecard.outbound.noting import note_recording
from linecard.store import calls, numbers, timeline
from linecard.tokens import new_id
from linecard.wall import now
from linecard.webhook import Callback

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.plugins import Relay
    from linecard.routing import Decision

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Opened:
    """A call that a request has opened, and the number it came in on."""

    call: Call
    number: Number


async def open_call(
    conn: AsyncConnection, exchange: Exchange, relay: Relay, callback: Callback
) -> Opened | None:
    """The record of a call that has just come in; None when the request opens no call of ours."""
    asked = asked_in(callback)
    if asked is None:
        return None
    number = await numbers.get(conn, asked.to)
    refusal = await _refusal(conn, exchange, relay, number)
    if number is None or refusal:
        log.warning("inbound call refused", to=mask(asked.to), reason=refusal or "unknown number")
        return None
    decision = await routed.decision(conn, number, asked)
    call = replace(
        _new_call(relay, number, asked, decision),
        carrier_ids=callback.call_ids,
        owner=exchange.instances.name,
    )
    await calls.add(conn, call)
    await timeline.append(conn, call.id, "call-arrived", {"agent": call.agent}, call.created_at)
    await timeline.append(conn, call.id, "routed", routed.told(call, decision), call.created_at)
    await note_recording(conn, call, relay.hooks.facts().record_inbound)
    await notifying.tell(exchange, conn, call, notifying.RINGING)
    return Opened(call, number)


def asked_in(callback: Callback) -> AnswerRequested | None:
    """What asks for the answer of a call that comes in; None where the request does not."""
    asked = next((event for event in callback.events if isinstance(event, AnswerRequested)), None)
    return asked if asked is not None and asked.direction is Direction.INBOUND else None


def as_routed(call: Call | None, events: Sequence[CarrierEvent]) -> Sequence[CarrierEvent]:
    """The events of a request that opened a call: one that is turned away is not answered by our reply."""
    if call is None or not routed.is_refusal(call):
        return events
    return [
        replace(event, answers=False) if isinstance(event, AnswerRequested) else event
        for event in events
    ]


async def _refusal(
    conn: AsyncConnection, exchange: Exchange, relay: Relay, number: Number | None
) -> str:
    if number is None:
        return "the number is not registered"
    if (number.provider, number.account) != (relay.provider, relay.account):
        return f"the number is registered with {number.provider}:{number.account}"
    if not number.enabled:
        return "the number is switched off"
    if not exchange.doors.is_open:
        return "the server is stopping"
    try:
        await limits.check_arrival(conn, exchange.settings, number, exchange.headroom)
    except LimitReached as error:
        return str(error)
    return ""


def _new_call(relay: Relay, number: Number, asked: AnswerRequested, decision: Decision) -> Call:
    agent, route = routed.agent_and_route(relay.hooks.facts(), number, decision)
    return Call(
        id=new_id(),
        provider=number.provider,
        account=number.account,
        direction=Direction.INBOUND,
        from_=asked.from_,
        to=asked.to,
        number=number.number,
        agent=agent,
        route=route,
        profile=inbound_profile(relay.hooks.stream_profiles(), number.stream).name,
        status=CallStatus.RINGING,
        created_at=now(),
        max_seconds=number.max_seconds,
        options=number.options,
        record=number.record and not routed.is_turning_away(decision),
        notify=number.notify,
        consent=number.consent,
        record_after_transfer=number.record_after_transfer,
        enhance=number.enhance,
    )
