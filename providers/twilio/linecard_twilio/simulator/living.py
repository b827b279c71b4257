"""The life of a leg: placed or received, ringing, answered, over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.phone import Outcome, Phone, cut_short
from linecard_twilio.simulator.answering import pick_up, press
from linecard_twilio.simulator.detection import detect_machine
from linecard_twilio.simulator.endings import (
    BROKEN,
    BUSY,
    BY_CALLER,
    REJECTED,
    RING_TIMEOUT,
    TIME_LIMIT,
    EndCall,
    Ending,
    document_failed,
    unreachable,
)
from linecard_twilio.simulator.money import charge
from linecard_twilio.simulator.recordings import start_recording, stop_all
from linecard_twilio.simulator.reporting import report_progress
from linecard_twilio.simulator.running import follow

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

REFUSALS = {Outcome.BUSY: BUSY, Outcome.REJECT: REJECTED}
NO_DOCUMENT = document_failed(11100)
FAULTY_OUTCOMES = {
    "line_busy": Outcome.BUSY,
    "no_answer": Outcome.NO_ANSWER,
    "rejected": Outcome.REJECT,
}


def begin(switch: Switch, call: Call, story: Coroutine[object, object, Ending]) -> None:
    """Let a leg live in the background."""
    switch.calls[call.sid] = call
    switch.tasks.start(live(switch, call, story), f"call {call.sid}")


async def live(switch: Switch, call: Call, story: Coroutine[object, object, Ending]) -> None:
    """Run a leg's story until it, or somebody, ends the leg; then settle everything."""
    telling = asyncio.ensure_future(_told(story))
    try:
        await asyncio.wait({telling, call.over}, return_when=asyncio.FIRST_COMPLETED)
        fault = telling.exception() if telling.done() else None
        if telling.done():
            call.end(BROKEN if fault else telling.result())
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    _settle(switch, call, call.over.result())
    if fault:
        raise fault


async def _told(story: Coroutine[object, object, Ending]) -> Ending:
    try:
        return await story
    except EndCall as end:
        return end.ending


async def outbound(switch: Switch, call: Call, start: float) -> Ending:
    """A call placed by REST, from its place in the queue on."""
    await switch.clock.sleep_until(start)
    if switch.faults.happens("queue_delay"):
        await switch.clock.sleep(switch.faults.seconds)
    refused = await ring(switch, call)
    return refused or await _answered(switch, call)


async def inbound(switch: Switch, call: Call) -> Ending:
    """A call to a number of the account: the document decides whether it is answered."""
    facts = {"leg": call.sid, "from": call.from_, "to": call.to}
    switch.ledger.write(What.CALLED_IN, call.root, **facts)
    call.status = "ringing"
    if call.handset is not None and call.handset.phone.patience is not None:
        switch.tasks.start(_give_up(switch, call, call.handset.phone.patience), "patience")
    if not call.order.document.address.url:
        return NO_DOCUMENT
    return await follow(switch, call, call.order.document)


async def _give_up(switch: Switch, call: Call, patience: float) -> None:
    await switch.clock.sleep(patience)
    if call.answered_at is None:
        call.end(BY_CALLER)


async def ring(switch: Switch, call: Call) -> Ending | None:
    """Dial, and ring until the phone's outcome: None when it answers."""
    facts = {"leg": call.sid, "from": call.from_, "to": call.to}
    switch.ledger.write(What.DIALLED, call.root, **facts)
    call.status = "initiated"
    report_progress(switch, call, "initiated")
    call.handset = switch.phones.call(call.to)
    phone = call.handset.phone = _faulty(switch, call.handset.phone)
    if phone.outcome is Outcome.BUSY:
        await switch.clock.sleep(phone.ring_seconds)
        return BUSY
    call.status = "ringing"
    switch.ledger.write(What.RINGING, call.root, leg=call.sid)
    rings_late = switch.faults.happens("ring_after_answer")
    if not rings_late:
        report_progress(switch, call, "ringing")
    refused = await _until_outcome(switch, call, phone)
    if rings_late:
        switch.tasks.start(_ring_later(switch, call), "late ring")
    return refused


def _faulty(switch: Switch, phone: Phone) -> Phone:
    for fault, outcome in FAULTY_OUTCOMES.items():
        if switch.faults.happens(fault):
            return replace(phone, outcome=outcome)
    early = switch.faults.happens("early_hang_up")
    return cut_short(phone, switch.faults.seconds) if early else phone


async def _ring_later(switch: Switch, call: Call) -> None:
    await switch.clock.sleep(switch.faults.seconds)
    report_progress(switch, call, "ringing")


async def _until_outcome(switch: Switch, call: Call, phone: Phone) -> Ending | None:
    limit = call.order.ring_timeout + switch.quirks.ring_slack
    never = phone.outcome is Outcome.NO_ANSWER
    await switch.clock.sleep(limit if never else min(phone.ring_seconds, limit))
    if never or phone.ring_seconds > limit:
        return RING_TIMEOUT
    if phone.outcome is Outcome.FAIL:
        return unreachable(phone.code)
    return REFUSALS.get(phone.outcome)


async def _answered(switch: Switch, call: Call) -> Ending:
    take_up(switch, call)
    try:
        async with switch.clock.timeout(call.order.time_limit):
            await detect_machine(switch, call)
            return await follow(switch, call, call.order.document)
    except TimeoutError:
        return TIME_LIMIT


def take_up(switch: Switch, call: Call) -> None:
    """The phone that was rung answers: its recording and its digits begin."""
    pick_up(switch, call)
    if call.order.recording is not None:
        start_recording(switch, call, call.order.recording)
    if call.order.send_digits:
        switch.tasks.start(press(switch, call, call.order.send_digits), "SendDigits")


def _settle(switch: Switch, call: Call, ending: Ending) -> None:
    """Everything that the end of a leg brings: the line, the tapes, the bill, the callback."""
    was_queued = call.status == "queued"
    call.ending, call.ended_at = ending, switch.clock.unix()
    call.status = ending.status(was_answered=call.answered_at is not None)
    for stream in tuple(call.streams.values()):
        stream.end("the call is over")
    stop_all(switch, call)
    if call.line is not None:
        switch.lines.close(call.line)
    if not was_queued:
        _write_end(switch, call, ending)
    charge(switch, call)
    report_progress(switch, call, "completed")


def _write_end(switch: Switch, call: Call, ending: Ending) -> None:
    switch.ledger.write(
        What.HUNG_UP,
        call.root,
        leg=call.sid,
        name=ending.name,
        source=ending.source.value,
        status=call.status,
        sip=ending.sip,
        error=ending.error,
        seconds=round(call.seconds, 2),
    )
