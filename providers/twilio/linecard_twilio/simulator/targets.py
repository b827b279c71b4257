"""One target of a <Dial>: a leg of its own, with its parent's sid on it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard.simulator.handset import plain
from linecard.simulator.ledger import What
from linecard_twilio.simulator.calls import Address, Call, MachineOrder, Next, Order, Report
from linecard_twilio.simulator.detection import detect_machine
from linecard_twilio.simulator.documents import absolute, callback_address
from linecard_twilio.simulator.endings import BROKEN, Ending, document_failed
from linecard_twilio.simulator.legs import begin
from linecard_twilio.simulator.ringing import ring, take_up
from linecard_twilio.simulator.running import run_documents

if TYPE_CHECKING:
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch

NUMBER = re.compile(r"\+?[1-9]\d{6,14}", re.ASCII)
BAD_CALLER_ID, BAD_NUMBER = document_failed(13214), document_failed(13223)
NO_DOCUMENT = Next(Address(""), "none")


@dataclass(slots=True, eq=False, kw_only=True)
class Target:
    """A leg on its way: `answered`, then `ready` once its whisper has run."""

    call: Call
    noun: Element
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)


def dial_target(switch: Switch, parent: Call, dial: Element, noun: Element) -> Target:
    """Begin to dial a target. It shows the caller's own number unless `callerId` says otherwise."""
    call = Call(
        sid=switch.ids.sid("CA"),
        direction="outbound-dial",
        from_=dial["callerId"] or parent.from_,
        to=noun.text,
        order=_order(parent, dial, noun),
        created_at=switch.clock.unix(),
        parent=parent,
        base_url=parent.base_url,
    )
    target = Target(call=call, noun=noun)
    begin(switch, call, _story(switch, target))
    return target


def _order(parent: Call, dial: Element, noun: Element) -> Order:
    report = callback_address(parent, noun, "statusCallback")
    events = noun["statusCallbackEvent"] or frozenset({"completed"})
    return Order(
        document=NO_DOCUMENT,
        report=Report(report, events) if report else None,
        ring_timeout=dial["timeout"],
        send_digits=noun["sendDigits"],
        machine=_machine(parent, noun),
    )


def _machine(parent: Call, noun: Element) -> MachineOrder | None:
    if noun["machineDetection"] is None:
        return None
    return MachineOrder(
        waits_for_end=noun["machineDetection"] == "DetectMessageEnd",
        is_async=True,
        report=callback_address(parent, noun, "amdStatusCallback"),
        timeout=noun["machineDetectionTimeout"],
    )


async def _story(switch: Switch, target: Target) -> Ending:
    """Ring, answer, whisper, and then stay until somebody ends it."""
    call = target.call
    refused = _refused(switch, call) or await ring(switch, call)
    if refused:
        return refused
    take_up(switch, call)
    target.answered.set()
    await detect_machine(switch, call)
    if target.noun["url"]:
        address = Address(absolute(call, target.noun["url"]), target.noun["method"])
        await run_documents(switch, call, Next(address, "whisper"))
    target.ready.set()
    await call.over
    return BROKEN


def _refused(switch: Switch, call: Call) -> Ending | None:
    """What Twilio would not even dial."""
    ending = None
    if not call.to.startswith("sip:") and not NUMBER.fullmatch(call.to):
        ending = BAD_NUMBER
    elif not _may_show(switch, call):
        ending = BAD_CALLER_ID
    if ending is not None:
        text = f"{ending.error}: {call.from_} may not call {call.to}"
        switch.ledger.write(What.NOTE, call.root, text=text, code=ending.error)
    return ending


def _may_show(switch: Switch, call: Call) -> bool:
    """Only numbers of the account, and those of the two ends of the call itself."""
    parent = call.parent
    ends = {plain(parent.from_), plain(parent.to)} if parent else set()
    shown = plain(call.from_)
    is_ours = switch.directory.owns(call.from_) or switch.quirks.foreign_caller_id
    return is_ours or shown in ends or call.to.startswith("sip:")
