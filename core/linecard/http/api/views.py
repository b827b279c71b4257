"""Rows of the store as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.carrier import SetupStep
from linecard.errors import NotFound
from linecard.exchange import at_risk, silences
from linecard.exchange.context import Exchange
from linecard.exchange.costs import total_cost
from linecard.exchange.pasted import pasted_addresses
from linecard.http.api.models import CallOut, EventOut, NumberOut, RecordingOut, SetupOut
from linecard.numbers import Number
from linecard.settings import Scope
from linecard.store import recordings, timeline
from linecard.wall import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from linecard.store.recordings import Recording


def number_out(exchange: Exchange, number: Number, holder: Scope = Scope.ADMIN) -> NumberOut:
    """A number; for an admin with what a person still has to do, in which proofs may stand."""
    steps = _setup(exchange, number) if holder is Scope.ADMIN else None
    return NumberOut(
        number=number.number,
        provider=number.provider,
        account=number.account,
        agent=number.agent,
        channels=number.channels,
        max_seconds=number.max_seconds,
        stream=number.stream,
        options=dict(number.options),
        record=number.record,
        enabled=number.enabled,
        notify=number.notify,
        routing=dict(number.routing),
        consent=dict(number.consent) or None,
        record_after_transfer=number.record_after_transfer,
        enhance=number.enhance,
        setup=None if steps is None else [SetupOut(do=one.do, paste=one.paste) for one in steps],
    )


def _setup(exchange: Exchange, number: Number) -> Sequence[SetupStep]:
    """The provider's steps; a number whose account is gone asks for the account first."""
    try:
        relay = exchange.plugins.relay(number.provider, number.account)
    except NotFound as error:
        return [SetupStep(do=f"set up its account again: {error}")]
    if not relay.supports("setup_steps"):
        return ()
    return relay.hooks.setup_steps(number, pasted_addresses(exchange, number))


async def call_out(conn: AsyncConnection, call: Call) -> CallOut:
    """A call with its recordings and its events."""
    lines = await timeline.of_call(conn, call.id)
    kept = await recordings.of_call(conn, call.id)
    return CallOut(
        id=call.id,
        status=call.status,
        direction=call.direction,
        from_=call.from_,
        to=call.to,
        provider=call.provider,
        account=call.account,
        agent=call.agent,
        carrier_ids=dict(call.carrier_ids),
        metadata=dict(call.metadata),
        created_at=call.created_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration=call.duration,
        cost=total_cost(call, lines),
        end_reason=call.end_reason,
        outcome=call.outcome,
        answered_by=call.answered_by,
        answered_word=call.answered_word or None,
        at_risk_seconds=at_risk.seconds(call, now()),
        consent=call.consented,
        enhance=call.enhance,
        silence_ms=silences.told(lines),
        recordings=[_recording(call, recording) for recording in kept],
        events=[EventOut(at=line.at, name=line.name, facts=dict(line.facts)) for line in lines],
    )


def _recording(call: Call, recording: Recording) -> RecordingOut:
    return RecordingOut(
        n=recording.n,
        status=recording.status,
        duration_ms=recording.duration_ms,
        channels=recording.channels,
        file=f"/api/calls/{call.id}/recordings/{recording.n}",
        bytes=recording.bytes,
        sha256=recording.sha256,
        kept_at=recording.kept_at,
        copy_ms=recording.copy_ms,
        flaw=recording.flaw,
        reason=recording.reason,
    )
