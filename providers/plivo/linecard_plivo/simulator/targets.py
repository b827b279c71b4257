"""One target of a <Dial>: its leg rings, answers, confirms, and ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linecard.simulator.handset import plain
from linecard.simulator.ledger import What
from linecard.simulator.lines import Line
from linecard.simulator.phone import Outcome
from linecard_plivo.simulator.codes import NORMAL, Ending, Source
from linecard_plivo.simulator.confirming import confirmed
from linecard_plivo.simulator.documents import callback_address, notify
from linecard_plivo.simulator.fields import Fields
from linecard_plivo.simulator.money import charge

if TYPE_CHECKING:
    from linecard.simulator.handset import Handset
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

LOST_RACE = Ending(9000, Source.PLIVO)
RING_TIMEOUT = Ending(6010, Source.PLIVO)
UNKNOWN_CALLER = Ending(3030, Source.CARRIER)
UNCONFIRMED = Ending(9110, Source.PLIVO)
REFUSALS = {Outcome.BUSY: 3010, Outcome.REJECT: 3020, Outcome.NO_ANSWER: 3000}


def _future() -> asyncio.Future[Ending]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False, kw_only=True)
class Target:
    """One target's leg. `number` may be a SIP address."""

    uuid: str
    number: str
    caller: str
    position: int
    element: Element
    handset: Handset
    created_at: float
    rang: bool = False
    line: Line | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    hung_up: asyncio.Future[Ending] = field(default_factory=_future)

    def let_go(self) -> None:
        """The phone hangs up."""
        if not self.hung_up.done():
            self.hung_up.set_result(Ending(NORMAL, Source.CALLEE))

    @property
    def seconds(self) -> float:
        """How long it was answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return self.ended_at - self.answered_at


async def ring_target(switch: Switch, call: Call, dial: Element, target: Target) -> Line | None:
    """Ring until it is ready to be connected: its line; None when it is over (`target.ending`)."""
    facts = {"leg": target.uuid, "from": target.caller, "to": target.number}
    switch.ledger.write(What.DIALLED, call.uuid, **facts)
    ending = await _ring(switch, call, dial, target)
    if ending is None:
        line = _answer(switch, call, dial, target)
        ending = await _confirm(switch, call, dial, target, line)
        if ending is None:
            return line
    release(switch, call, dial, target, ending)
    return None


async def _ring(switch: Switch, call: Call, dial: Element, target: Target) -> Ending | None:
    phone = target.handset.phone
    if not (switch.quirks.foreign_caller_id or switch.directory.owns(target.caller)):
        return UNKNOWN_CALLER
    if phone.outcome is not Outcome.BUSY:
        target.rang = True
        switch.ledger.write(What.RINGING, call.uuid, leg=target.uuid)
    patience = dial["timeout"]
    never = phone.outcome is Outcome.NO_ANSWER
    await switch.clock.sleep(patience if never else min(phone.ring_seconds, patience))
    if never or phone.ring_seconds > patience:
        return RING_TIMEOUT
    if phone.outcome is Outcome.FAIL:
        return Ending(int(phone.code or 5000), Source.CARRIER)
    refusal = REFUSALS.get(phone.outcome)
    return Ending(refusal, Source.CALLEE) if refusal else None


def _answer(switch: Switch, call: Call, dial: Element, target: Target) -> Line:
    target.answered_at = switch.clock.unix()
    line = target.line = Line(target.handset, target.let_go)
    switch.lines.open(line)
    switch.ledger.write(What.ANSWERED, call.uuid, leg=target.uuid, by=target.number)
    if target.element["sendDigits"]:
        target.handset.hear_digits(target.element["sendDigits"])
    report(switch, call, dial, target, "answer")
    return line


async def _confirm(
    switch: Switch, call: Call, dial: Element, target: Target, line: Line
) -> Ending | None:
    agreed = asyncio.ensure_future(confirmed(switch, call, dial, line))
    try:
        first: set[asyncio.Future[Any]] = {agreed, target.hung_up}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if target.hung_up.done():
            return target.hung_up.result()
        return None if agreed.result() else UNCONFIRMED
    finally:
        agreed.cancel()
        await asyncio.gather(agreed, return_exceptions=True)


def release(switch: Switch, call: Call, dial: Element, target: Target, ending: Ending) -> None:
    """End a target's leg, once."""
    if target.ending is not None:
        return
    target.ending, target.ended_at = ending, switch.clock.unix()
    switch.targets.append((call, target))
    if target.line is not None:
        switch.lines.close(target.line)
    switch.ledger.write(
        What.HUNG_UP,
        call.uuid,
        leg=target.uuid,
        code=ending.code,
        name=ending.name,
        source=ending.source.value,
        seconds=round(target.seconds, 2),
    )
    charge(switch, call.uuid, target.uuid, "outbound", target.number, target.seconds)
    report(switch, call, dial, target, "hangup")


EVENTS = {
    "answer": "DialAnswer",
    "connected": "DialConnected",
    "hangup": "DialHangup",
    "digits": "DialDigits",
}


def report(
    switch: Switch, call: Call, dial: Element, target: Target, action: str, more: Fields = ()
) -> None:
    """Tell the Dial's callbackUrl of an event on a target's leg."""
    fields = (
        ("Event", EVENTS[action]),
        ("DialAction", action),
        ("CallUUID", call.uuid),
        ("From", plain(call.from_)),
        ("To", plain(call.to)),
        ("DialALegUUID", call.uuid),
        ("DialBLegUUID", target.uuid),
        ("DialBLegFrom", plain(target.caller)),
        ("DialBLegTo", plain(target.number)),
        ("DialBLegPosition", str(target.position)),
        ("DialBLegStatus", STATUSES[action]),
        ("STIRVerification", "Not Applicable"),
        *(_ended_fields(switch, target) if action == "hangup" else ()),
        *more,
    )
    notify(switch, call, callback_address(dial), f"dial {action}", fields)


STATUSES = {
    "answer": "answer",
    "connected": "connected",
    "hangup": "hangup",
    "digits": "connected",
}


def _ended_fields(switch: Switch, target: Target) -> Fields:
    ending = target.ending or Ending(0, Source.ERROR)
    rate = switch.rates.per_minute("outbound", target.number)
    return (
        ("DialBLegDuration", str(round(target.seconds))),
        ("DialBLegBillDuration", str(switch.rates.billed(target.seconds))),
        ("DialBLegBillRate", f"{rate:f}"),
        ("DialBLegTotalCost", f"{switch.rates.cost(rate, target.seconds):f}"),
        ("DialBLegHangupCause", ending.cause),
        ("DialBLegHangupCauseCode", str(ending.code)),
        ("DialBLegHangupCauseName", ending.name),
        ("DialBLegHangupSource", ending.source.value),
    )
