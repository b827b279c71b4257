"""A leg that is dialled: rings until its phone's outcome, and is taken up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.phone import Outcome, Phone, cut_short
from linecard_twilio.simulator.answering import pick_up, press
from linecard_twilio.simulator.endings import BUSY, REJECTED, RING_TIMEOUT, Ending, unreachable
from linecard_twilio.simulator.recordings import start_recording
from linecard_twilio.simulator.reporting import report_progress

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

REFUSALS = {Outcome.BUSY: BUSY, Outcome.REJECT: REJECTED}
FAULTY_OUTCOMES = {
    "line_busy": Outcome.BUSY,
    "no_answer": Outcome.NO_ANSWER,
    "rejected": Outcome.REJECT,
}


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


def take_up(switch: Switch, call: Call) -> None:
    """The phone that was rung answers: its recording and its digits begin."""
    pick_up(switch, call)
    if call.order.recording is not None:
        start_recording(switch, call, call.order.recording)
    if call.order.send_digits:
        switch.tasks.start(press(switch, call, call.order.send_digits), "SendDigits")
