"""The life of a call: placed or received, ringing, answered, over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.phone import Outcome, Phone, cut_short
from linecard_plivo.simulator.answering import pick_up, press_later
from linecard_plivo.simulator.codes import EndCall, Ending, Source
from linecard_plivo.simulator.detection import detect_machine
from linecard_plivo.simulator.documents import notify
from linecard_plivo.simulator.fields import hangup_fields, ring_fields
from linecard_plivo.simulator.money import charge
from linecard_plivo.simulator.recordings import stop_all
from linecard_plivo.simulator.running import follow

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.switch import Switch

TIME_LIMIT = Ending(6000, Source.PLIVO)
GIVEN_UP = Ending(1000, Source.CALLER)
RING_TIMEOUT = Ending(6010, Source.PLIVO)
UNKNOWN_CALLER = Ending(3030, Source.CARRIER)
BROKEN = Ending(5010, Source.ERROR)
NO_SUCH_ADDRESS = Ending(2000, Source.ERROR)
REFUSALS = {Outcome.BUSY: 3010, Outcome.REJECT: 3020}
LONGEST_NUMBER = 15
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
    _settle(switch, call, call.over.result())
    if fault:
        raise fault


async def outbound(switch: Switch, call: Call, start: float) -> Ending:
    """A call placed by REST, from its place in the queue on."""
    await switch.clock.sleep_until(start)
    if switch.faults.happens("queue_delay"):
        await switch.clock.sleep(switch.faults.seconds)
    switch.ledger.write(
        What.DIALLED, call.uuid, leg=call.uuid, **{"from": call.from_, "to": call.to}
    )
    call.status = "ringing"
    refused = _refused_at_once(switch, call)
    if refused:
        return refused
    call.handset = switch.phones.call(call.to)
    call.handset.phone = _faulty(switch, call.handset.phone)
    refused = await _ring(switch, call, call.handset.phone)
    return refused or await _answered(switch, call)


async def inbound(switch: Switch, call: Call) -> Ending:
    """A call to a number of the account: the document decides whether it is answered."""
    switch.ledger.write(
        What.CALLED_IN, call.uuid, leg=call.uuid, **{"from": call.from_, "to": call.to}
    )
    call.status = "ringing"
    call.rang_at = switch.clock.unix()
    if call.handset is not None and call.handset.phone.patience is not None:
        switch.tasks.start(_give_up(switch, call, call.handset.phone.patience), "patience")
    if not call.order.answer.url:
        return Ending(7011, Source.ERROR)
    return await follow(switch, call)


async def _give_up(switch: Switch, call: Call, patience: float) -> None:
    await switch.clock.sleep(patience)
    if call.answered_at is None:
        call.end(GIVEN_UP)


def _refused_at_once(switch: Switch, call: Call) -> Ending | None:
    if not switch.directory.owns(call.from_) and not switch.quirks.foreign_caller_id:
        return UNKNOWN_CALLER
    digits = call.to.lstrip("+")
    is_number = digits.isdecimal() and 5 <= len(digits) <= LONGEST_NUMBER
    return None if is_number or call.to.startswith("sip:") else NO_SUCH_ADDRESS


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
        return Ending(REFUSALS[Outcome.BUSY], Source.CALLEE)
    call.rang_at = switch.clock.unix()
    switch.ledger.write(What.RINGING, call.uuid, leg=call.uuid)
    rings_late = switch.faults.happens("ring_after_answer")
    if not rings_late:
        notify(switch, call, call.order.ring, "ring", ring_fields(switch, call))
    refused = await _until_outcome(switch, call, phone)
    if rings_late:
        switch.tasks.start(_ring_later(switch, call), "late ring")
    return refused


async def _ring_later(switch: Switch, call: Call) -> None:
    await switch.clock.sleep(switch.faults.seconds)
    notify(switch, call, call.order.ring, "ring", ring_fields(switch, call))


async def _until_outcome(switch: Switch, call: Call, phone: Phone) -> Ending | None:
    order = call.order
    limit = order.ring_timeout
    if order.hangup_on_ring is not None:
        limit = min(limit, order.hangup_on_ring)
    never = phone.outcome is Outcome.NO_ANSWER
    await switch.clock.sleep(limit if never else min(phone.ring_seconds, limit))
    if never or phone.ring_seconds > limit:
        return RING_TIMEOUT
    if phone.outcome is Outcome.FAIL:
        return Ending(int(phone.code or 5000), Source.CARRIER)
    refusal = REFUSALS.get(phone.outcome)
    return Ending(refusal, Source.CALLEE) if refusal else None


async def _answered(switch: Switch, call: Call) -> Ending:
    pick_up(switch, call)
    if call.order.send_digits:
        switch.tasks.start(press_later(switch, call, call.order.send_digits), "send_digits")
    try:
        async with switch.clock.timeout(call.order.time_limit):
            await detect_machine(switch, call)
            return await follow(switch, call)
    except EndCall as end:
        return end.ending
    except TimeoutError:
        return TIME_LIMIT


def _settle(switch: Switch, call: Call, ending: Ending) -> None:
    """Everything that the end of a call brings: the line, the tapes, the bill, the callback."""
    was_queued = call.status == "queued"
    call.ending, call.ended_at = ending, switch.clock.unix()
    call.status = ending.status(was_answered=call.answered_at is not None)
    stop_all(switch, call, "the call is over")
    if call.line is not None:
        switch.lines.close(call.line)
    switch.ledger.write(
        What.HUNG_UP,
        call.uuid,
        leg=call.uuid,
        code=ending.code,
        name=ending.name,
        source=ending.source.value,
        status=call.status,
        seconds=round(call.seconds, 2),
    )
    charge(switch, call.uuid, call.uuid, call.direction, call.to, call.seconds)
    if not was_queued:
        _report_end(switch, call)


def _report_end(switch: Switch, call: Call) -> None:
    """Without a hang-up address, Plivo posts the hang-up to the answer address."""
    address = call.order.hangup or call.order.answer
    if address.url:
        notify(switch, call, address, "hangup", hangup_fields(switch, call))
