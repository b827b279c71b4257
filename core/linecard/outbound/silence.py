"""Calls whose carrier has been silent for too long: asked about, and closed when they are over.

Callbacks get lost, and so do whole minutes of them while we are down. A call that nobody ends would
hold its channel for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from linecard.calls import Call, CallStatus
from linecard.carrier import CallLookup, Found
from linecard.events import CallAnswered, CarrierEvent, LegEnded
from linecard.wall import now

if TYPE_CHECKING:
    from linecard.outbound.placing import Report
    from linecard.plugins import Relay
    from linecard.store.live import LiveCallRow

log = structlog.get_logger()

GRACE = timedelta(seconds=60)
"""How long after its time a report may come by itself."""
UNTENDED = timedelta(seconds=60)
"""How long an answered call may go on without an agent here before the carrier is asked about it."""
FORGOTTEN = timedelta(minutes=30)
"""So long after its time a call that the carrier does not know is taken for over."""

Tended = Callable[[str], bool]
"""Whether the agent of a call runs in this process."""
Theirs = Callable[[str | None], bool]
"""Whether another live process looks after the calls of an owner."""


def time_of_end(call: Call | LiveCallRow) -> timedelta:
    """How long after it was made a call that stands where it does has to have moved on."""
    ringing = timedelta(seconds=call.ring_seconds)
    if call.status is not CallStatus.IN_PROGRESS:
        return ringing
    talked = (call.answered_at or call.created_at) - call.created_at
    return talked + timedelta(seconds=call.max_seconds)


def is_silent(call: Call | LiveCallRow, tended: Tended) -> bool:
    """Whether a report about the call is overdue."""
    age = now() - call.created_at
    if age > time_of_end(call) + GRACE:
        return True
    since = now() - (call.answered_at or call.created_at)
    held = call.status is CallStatus.IN_PROGRESS or bool(call.closing)
    return held and since > UNTENDED and not tended(call.id)


async def ask(relay: Relay, call: Call, report: Report) -> None:
    """Ask the carrier about a silent call and write down what it says. Raises CarrierError."""
    seen = CallLookup(found=Found.CANNOT_TELL)
    if relay.supports("find_call", call.profile):
        seen = await relay.hooks.find_call(call.carrier_ids)
    await ACT[seen.found](relay, call, seen, report)


async def _over(_relay: Relay, call: Call, seen: CallLookup, report: Report) -> None:
    if seen.ended is not None:
        await report(call, [*seen.further, *seen.end])


async def _lives(relay: Relay, call: Call, seen: CallLookup, report: Report) -> None:
    """A call that should be over is ended; its end is then reported, or found at the next look."""
    if seen.further:
        call = await report(call, seen.further)
    if seen.answered and call.status is not CallStatus.IN_PROGRESS:
        call = await report(call, [CallAnswered(key=f"found-answered:{call.id}")])
    if call.closing or (call.status is CallStatus.IN_PROGRESS and _overdue(call) > GRACE):
        log.warning("a call that should be over still lives; it is ended", call=call.id)
        await end(relay, call)


async def end(relay: Relay, call: Call) -> None:
    """End a call that lives at the carrier, answered or not. Raises CarrierError."""
    hooks = relay.hooks
    await (hooks.hang_up if call.status is CallStatus.IN_PROGRESS else hooks.cancel_call)(call)


async def _unknown(_relay: Relay, call: Call, _seen: CallLookup, report: Report) -> None:
    """Not found proves nothing soon after an end: records come late."""
    if _overdue(call) > FORGOTTEN:
        await report(call, [_forgotten(call)])


def _overdue(call: Call) -> timedelta:
    return now() - call.created_at - time_of_end(call)


def _forgotten(call: Call) -> CarrierEvent:
    answered = call.status is CallStatus.IN_PROGRESS
    return LegEnded(
        key=f"forgotten:{call.id}",
        status=CallStatus.COMPLETED if answered else CallStatus.FAILED,
        concluded=True,
        reason="the carrier never reported an end and knows the call no more",
    )


Act = Callable[["Relay", Call, CallLookup, "Report"], Awaitable[None]]
ACT: Mapping[Found, Act] = MappingProxyType(
    {
        Found.ENDED: _over,
        Found.LIVE: _lives,
        Found.NOT_FOUND: _unknown,
        Found.CANNOT_TELL: _unknown,
    }
)
