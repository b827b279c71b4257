"""One number that a Connect applet rings: its leg rings, answers, ends, and is told of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard.simulator.courier import Webhook
from linecard.simulator.ledger import What
from linecard.simulator.lines import Line
from linecard.simulator.phone import Outcome
from linecard_exotel.simulator.addresses import Address
from linecard_exotel.simulator.asking import call_fields
from linecard_exotel.simulator.calls import BY_CALLEE, Ending
from linecard_exotel.simulator.money import charge
from linecard_exotel.simulator.numbering import national
from linecard_exotel.simulator.ringing import until_outcome

if TYPE_CHECKING:
    from linecard import Pairs
    from linecard.simulator.handset import Handset
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

LOST_RACE = Ending("canceled", "Exotel", "another was faster")


def _future() -> asyncio.Future[Ending]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False, kw_only=True)
class Target:
    """One target's leg; `number` and `caller` in E.164, `ringing` in seconds."""

    sid: str
    number: str
    caller: str
    ringing: float
    events: str
    handset: Handset
    line: Line | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    hung_up: asyncio.Future[Ending] = field(default_factory=_future)

    @property
    def written(self) -> str:
        """The number as Exotel writes it."""
        return national(self.number)

    def let_go(self) -> None:
        """The phone hangs up."""
        if not self.hung_up.done():
            self.hung_up.set_result(BY_CALLEE)

    @property
    def seconds(self) -> float:
        """How long it was answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return self.ended_at - self.answered_at


async def ring_target(switch: Switch, call: Call, target: Target) -> Line | None:
    """Ring until it is ready to be connected: its line; None when it is over (`target.ending`)."""
    facts = {"leg": target.sid, "from": target.caller, "to": target.number}
    switch.ledger.write(What.DIALLED, call.sid, **facts)
    _tell(switch, call, target, "Dial", "busy")
    if target.handset.phone.outcome is not Outcome.BUSY:
        switch.ledger.write(What.RINGING, call.sid, leg=target.sid)
        _tell(switch, call, target, "Ringing", "busy")
    ending = await until_outcome(switch, target.handset.phone, target.ringing)
    if ending is not None:
        release(switch, call, target, ending)
        return None
    target.answered_at = switch.clock.unix()
    target.line = Line(target.handset, target.let_go)
    switch.lines.open(target.line)
    switch.ledger.write(What.ANSWERED, call.sid, leg=target.sid, by=target.number)
    _tell(switch, call, target, "Answered", "busy")
    return target.line


def release(switch: Switch, call: Call, target: Target, ending: Ending) -> None:
    """End a target's leg, once."""
    if target.ending is not None:
        return
    target.ending, target.ended_at = ending, switch.clock.unix()
    if target.line is not None:
        switch.lines.close(target.line)
    switch.ledger.write(
        What.HUNG_UP,
        call.sid,
        leg=target.sid,
        name=ending.name,
        source=ending.source,
        status=ending.status,
        seconds=round(target.seconds, 2),
    )
    charge(switch, call, target.sid, target.seconds)
    result = (("DialCallStatus", ending.status), ("DialCallDuration", str(round(target.seconds))))
    _tell(switch, call, target, "Terminal", "free", result)


def _tell(
    switch: Switch, call: Call, target: Target, event: str, status: str, more: Pairs = ()
) -> None:
    """GET dial_passthru_event_url; `Status` is whether the agent is `busy` or `free`."""
    if not target.events:
        return
    address = Address.parse(target.events)
    fields = dict(call_fields(switch, call)) | {
        "DialWhomNumber": target.written,
        "EventType": event,
        "Status": status,
        **dict(more),
    }
    switch.courier.tell(
        Webhook(
            url=address.url,
            method="GET",
            headers=tuple(address.headers.items()),
            fields=tuple(fields.items()),
            kind=f"dial {event}",
            call=call.sid,
        )
    )
