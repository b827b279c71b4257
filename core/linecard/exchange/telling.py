"""Who hears of an event once it is stored: the live call and the plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from linecard.calls import Call
from linecard.events import (
    CALLER,
    CarrierEvent,
    LegAnswered,
    LegEnded,
    MachineDetected,
    TransferReported,
)
from linecard.exchange.context import Exchange
from linecard.exchange.pod_watch import give_back

if TYPE_CHECKING:
    from linecard.exchange.running_call import RunningCall


def _machine(live: RunningCall, call: Call, event: CarrierEvent) -> None:
    """What stands on the record after the event, which need not be what it says."""
    if event.leg == CALLER:
        live.machine_detected(call.detection)


def _leg(live: RunningCall, _call: Call, event: CarrierEvent) -> None:
    assert isinstance(event, LegAnswered)
    if event.bridged:
        live.leg_bridged()


def _transfer(live: RunningCall, _call: Call, event: CarrierEvent) -> None:
    assert isinstance(event, TransferReported)
    live.transfer_ended(event.result)


def _ended(live: RunningCall, call: Call, event: CarrierEvent) -> None:
    if event.leg == CALLER:
        live.finish(call.end_reason or str(call.status))


TELL: Mapping[type[CarrierEvent], Callable[[RunningCall, Call, CarrierEvent], None]] = (
    MappingProxyType(
        {
            MachineDetected: _machine,
            LegAnswered: _leg,
            TransferReported: _transfer,
            LegEnded: _ended,
        }
    )
)


async def tell(exchange: Exchange, call: Call, fresh: Sequence[CarrierEvent], ended: bool) -> None:
    """Tell the live call and the plugins what is new, and count a call that has `ended` by it.

    An end may be reported more than once: by a look-up, and by a late callback.
    """
    if ended:
        exchange.metrics.calls.labels(call.provider, call.direction, call.status).inc()
    if call.notify:
        exchange.work_is_due.set()
    live = exchange.lives.get(call.id)
    for event in fresh:
        if exchange.flights is not None:
            exchange.flights.event(call, event)
        told = TELL.get(type(event))
        if live is not None and told is not None:
            told(live, call, event)
        exchange.awaited.tell(call.id, event)
        for follow in exchange.followers.get(type(event), ()):
            exchange.tasks.start(follow(exchange, call, event), f"after {type(event).__name__}")
        exchange.plugins.tell("call_event", event=event, call=call)
        if isinstance(event, LegEnded) and event.leg == CALLER:
            exchange.tasks.start(give_back(exchange, call.id), "release pod")
