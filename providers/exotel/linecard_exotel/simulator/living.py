"""The life of a call: placed or received, ringing, answered, over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Prompt
from linecard.simulator.phone import Outcome, Phone, cut_short
from linecard.simulator.speech import speech
from linecard_exotel.simulator.addresses import Address
from linecard_exotel.simulator.answering import live_line, pick_up
from linecard_exotel.simulator.calls import (
    BROKEN,
    BUSY,
    BY_BOT,
    BY_FLOW,
    GIVEN_UP,
    TIME_LIMIT,
    Ending,
)
from linecard_exotel.simulator.following import follow
from linecard_exotel.simulator.recordings import RecordingOrder, start_recording
from linecard_exotel.simulator.ringing import until_outcome
from linecard_exotel.simulator.settling import settle
from linecard_exotel.simulator.status import report
from linecard_exotel.simulator.streaming import run_stream

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

NOT_CONFIGURED = "this number is not configured"
FAULTY_OUTCOMES = {
    "line_busy": Outcome.BUSY,
    "no_answer": Outcome.NO_ANSWER,
    "rejected": Outcome.REJECT,
}


async def live(switch: Switch, call: Call, story: Coroutine[object, object, Ending]) -> None:
    """Run a call's story until it, or somebody, ends the call; then settle everything."""
    telling = asyncio.ensure_future(story)
    try:
        await asyncio.wait({telling, call.over}, return_when=asyncio.FIRST_COMPLETED)
        fault = telling.exception() if telling.done() else None
        if telling.done():
            call.end(BROKEN if fault else telling.result())
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    settle(switch, call, call.over.result())
    if fault:
        raise fault


async def outbound(switch: Switch, call: Call) -> Ending:
    """A call placed by REST: the customer rings, and on the answer the stream or the flow begins."""
    if switch.faults.happens("queue_delay"):
        await switch.clock.sleep(switch.faults.seconds)
    facts = {"from": call.exophone, "to": call.customer}
    switch.ledger.write(What.DIALLED, call.sid, leg=call.sid, **facts)
    call.handset = switch.phones.call(call.customer)
    call.handset.phone = _faulty(switch, call.handset.phone)
    refused = await _ring(switch, call, call.handset.phone)
    return refused or await _answered(switch, call)


async def inbound(switch: Switch, call: Call) -> Ending:
    """A call to an ExoPhone: what its flow says, or that nobody has built one."""
    facts = {"from": call.customer, "to": call.exophone}
    switch.ledger.write(What.CALLED_IN, call.sid, leg=call.sid, **facts)
    if call.handset is not None and call.handset.phone.patience is not None:
        switch.tasks.start(_give_up(switch, call, call.handset.phone.patience), "patience")
    return await _run_flow(switch, call)


async def _give_up(switch: Switch, call: Call, patience: float) -> None:
    await switch.clock.sleep(patience)
    if call.answered_at is None:
        call.end(GIVEN_UP)


def _faulty(switch: Switch, phone: Phone) -> Phone:
    for fault, outcome in FAULTY_OUTCOMES.items():
        if switch.faults.happens(fault):
            return replace(phone, outcome=outcome)
    early = switch.faults.happens("early_hang_up")
    return cut_short(phone, switch.faults.seconds) if early else phone


async def _ring(switch: Switch, call: Call, phone: Phone) -> Ending | None:
    """Ring until the phone's outcome: None when it answers."""
    if phone.outcome is Outcome.BUSY:
        await switch.clock.sleep(phone.ring_seconds)
        return BUSY
    switch.ledger.write(What.RINGING, call.sid, leg=call.sid)
    rings_late = switch.faults.happens("ring_after_answer")
    if rings_late:
        switch.tasks.start(_ring_later(switch, call), "late ring")
    else:
        report(switch, call, "ringing")
    return await until_outcome(switch, phone, call.order.ring_timeout)


async def _ring_later(switch: Switch, call: Call) -> None:
    await switch.clock.sleep(switch.faults.seconds)
    report(switch, call, "ringing")


async def _answered(switch: Switch, call: Call) -> Ending:
    pick_up(switch, call)
    report(switch, call, "answered")
    if call.order.record:
        start_recording(switch, call, RecordingOrder(channels=call.order.channels))
    limit = switch.tasks.start(_end_in_time(switch, call), "time limit")
    call.over.add_done_callback(lambda _: limit.cancel())
    return await _run(switch, call)


async def _end_in_time(switch: Switch, call: Call) -> None:
    await switch.clock.sleep(call.order.time_limit)
    call.end(TIME_LIMIT)


async def _run(switch: Switch, call: Call) -> Ending:
    """Door 1 ends with its stream, whoever closed it; door 2 with its flow."""
    if not call.order.stream_url:
        return await _run_flow(switch, call)
    facts = await run_stream(switch, call, Address.parse(call.order.stream_url), records=False)
    return BY_BOT if facts.by == "bot" else replace(BY_FLOW, name=facts.error or "the stream ended")


async def _run_flow(switch: Switch, call: Call) -> Ending:
    applet = switch.exophones.flow(call.exophone)
    if applet is None:
        return await _not_configured(switch, call)
    await follow(switch, call, applet)
    return BY_FLOW


async def _not_configured(switch: Switch, call: Call) -> Ending:
    text = f"no flow is attached to {call.exophone}: nobody has set it up"
    switch.ledger.write(What.NOTE, call.sid, text=text)
    pick_up(switch, call)
    said = asyncio.Event()
    live_line(call).add(Prompt(speech(NOT_CONFIGURED), 1, said.set))
    await said.wait()
    return replace(BY_FLOW, name="not configured")
