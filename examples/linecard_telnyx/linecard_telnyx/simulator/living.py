"""The life of a leg: dialled or received, ringing, answered, over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from linecard.simulator.ledger import What
from linecard.simulator.lines import Bridge, Line
from linecard.simulator.phone import Outcome, Phone
from linecard_telnyx.simulator import recordings
from linecard_telnyx.simulator.legs import Ending, Leg
from linecard_telnyx.simulator.media import LiveStream
from linecard_telnyx.simulator.switch import iso

if TYPE_CHECKING:
    from linecard_telnyx.simulator.switch import Switch

PARKED_SECONDS = 120.0
REFUSALS = {
    Outcome.BUSY: Ending("user_busy", "callee"),
    Outcome.REJECT: Ending("call_rejected", "callee"),
    Outcome.FAIL: Ending("unspecified"),
}
FAULTS = {
    "line_busy": Outcome.BUSY,
    "no_answer": Outcome.NO_ANSWER,
    "rejected": Outcome.REJECT,
}
RING_TIMEOUT = Ending("timeout")
TIME_LIMIT = Ending("time_limit")
GIVEN_UP = Ending("originator_cancel", "caller")
NORMAL = "normal_clearing"


async def live(switch: Switch, leg: Leg, story: Coroutine[object, object, None]) -> None:
    """Run a leg's story until it, or somebody, ends the leg; then settle everything."""
    telling = asyncio.ensure_future(story)
    try:
        waiting: set[asyncio.Future[Any]] = {telling, leg.over}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        ending = await leg.over
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    await _settle(switch, leg, ending)


async def incoming(switch: Switch, leg: Leg) -> None:
    """A call to a number of the application: parked until it is commanded."""
    facts = {"leg": leg.control, "from": leg.from_, "to": leg.to}
    switch.ledger.write(What.CALLED_IN, leg.call, **facts)
    leg.begun = switch.clock.unix()
    switch.tell(leg, "call.initiated", direction="incoming", state="parked", **parties(leg))
    phone = leg.handset.phone if leg.handset else None
    patience = phone.patience if phone and phone.patience is not None else PARKED_SECONDS
    await switch.clock.sleep(patience)
    if leg.answered is None:
        leg.end(GIVEN_UP)


async def outgoing(switch: Switch, leg: Leg, wish: Mapping[str, Any]) -> None:
    """A call placed, or a transfer's new leg: rings until its phone decides."""
    facts = {"leg": leg.control, "from": leg.from_, "to": leg.to}
    switch.ledger.write(What.DIALLED, leg.call, **facts)
    leg.begun, leg.state = switch.clock.unix(), "bridging"
    switch.tell(leg, "call.initiated", direction="outgoing", state="bridging", **parties(leg))
    if wish.get("stream_establish_before_call_originate"):
        await LiveStream(switch, leg, wish).connect()
    leg.handset = switch.phones.call(leg.to)
    switch.ledger.write(What.RINGING, leg.call, leg=leg.control)
    refused = await _ring(switch, leg.handset.phone, float(wish.get("timeout_secs", 30)))
    if refused:
        leg.end(refused)
        return
    await pick_up(switch, leg, wish)
    await switch.clock.sleep(float(wish.get("time_limit_secs", 14_400)))
    leg.end(TIME_LIMIT)


async def _ring(switch: Switch, phone: Phone, limit: float) -> Ending | None:
    faulty = next((o for name, o in FAULTS.items() if switch.faults.happens(name)), None)
    outcome = faulty or phone.outcome
    never = outcome is Outcome.NO_ANSWER
    await switch.clock.sleep(limit if never else min(phone.ring_seconds, limit))
    if never or phone.ring_seconds > limit:
        return RING_TIMEOUT
    return REFUSALS.get(outcome)


async def pick_up(switch: Switch, leg: Leg, wish: Mapping[str, Any]) -> None:
    """The leg is answered: its line is open, it is told, and what it was ordered with begins."""
    if leg.handset is None:
        raise RuntimeError(f"leg {leg.control} has no phone")
    leg.answered, leg.state = switch.clock.unix(), "answered"
    by = "callee" if leg.direction == "outgoing" else "caller"
    leg.line = Line(leg.handset, partial(leg.end, Ending(NORMAL, by)))
    leg.line.digit_listeners.append(partial(_digit, switch, leg))
    switch.lines.open(leg.line)
    switch.ledger.write(What.ANSWERED, leg.call, leg=leg.control, by=leg.handset.number)
    switch.tell(leg, "call.answered", state="answered", **parties(leg))
    if wish.get("record"):
        recordings.start(switch, leg, float(wish.get("record_max_length", 0)))
    if leg.stream is not None:
        leg.stream.begin()
    elif wish.get("stream_url"):
        await open_stream(switch, leg, wish)
    if wish.get("answering_machine_detection"):
        result = "machine" if leg.handset.phone.is_machine else "human"
        switch.tell(leg, "call.machine.detection.ended", result=result)
    if leg.caller is not None:
        _bridge(switch, leg.caller, leg)


def _digit(switch: Switch, leg: Leg, digit: str) -> None:
    switch.ledger.write(What.DIGIT_PRESSED, leg.call, digit=digit, leg=leg.control)
    switch.tell(leg, "call.dtmf.received", digit=digit)


async def open_stream(switch: Switch, leg: Leg, wish: Mapping[str, Any]) -> None:
    """A stream of an answered leg; only one at a time."""
    stream = LiveStream(switch, leg, wish)
    if leg.stream is None and await stream.connect():
        stream.begin()


def _bridge(switch: Switch, caller: Leg, target: Leg) -> None:
    if caller.line is None or target.line is None or caller.is_over:
        return
    caller.is_bridged = target.is_bridged = True
    caller.line.add(Bridge(target.line))
    target.line.add(Bridge(caller.line))
    switch.ledger.write(What.BRIDGED, caller.call, legs=(caller.control, target.control))
    for leg in (caller, target):
        switch.tell(leg, "call.bridged", **parties(leg))


async def _settle(switch: Switch, leg: Leg, ending: Ending) -> None:
    leg.state = "hangup"
    if leg.line is not None:
        switch.lines.close(leg.line)
    recordings.stop(switch, leg)
    if switch.stops_first and leg.stream is not None:
        await leg.stream.close("the call is over")
        await switch.clock.sleep(0.5)
    switch.ledger.write(What.HUNG_UP, leg.call, leg=leg.control, cause=ending.cause)
    switch.tell(
        leg,
        "call.hangup",
        state="hangup",
        hangup_cause=ending.cause,
        hangup_source=ending.source,
        sip_hangup_cause="unspecified",
        start_time=iso(leg.begun),
        end_time=iso(switch.clock.unix()),
        **parties(leg),
    )
    if leg.stream is not None:
        await leg.stream.close("the call is over")
    _settle_other(leg)


def _settle_other(leg: Leg) -> None:
    """A bridged leg goes with the other; a target that still rings, with its caller."""
    other = leg.target or leg.caller
    if other is None:
        return
    if leg.is_bridged:
        other.end(Ending(NORMAL))
    elif leg.target is not None:
        other.end(GIVEN_UP)


def parties(leg: Leg) -> dict[str, str]:
    """Who calls whom."""
    return {"from": leg.from_, "to": leg.to}
