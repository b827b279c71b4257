"""<Hangup> and <Redirect>."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard_plivo.simulator.calls import Address, Next
from linecard_plivo.simulator.codes import NORMAL, EndCall, Ending, Purpose, Source

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

SCHEDULED = Ending(6000, Source.XML)
REASONS = {"rejected": 3020, "busy": 3010}


async def run_hangup(switch: Switch, call: Call, element: Element) -> None:
    """End the call now, or in `schedule` seconds while the document goes on."""
    if element["schedule"]:
        switch.tasks.start(_end_later(switch, call, element["schedule"]), "scheduled hang-up")
        return
    refused = REASONS.get(element["reason"] or "") if call.answered_at is None else None
    raise EndCall(Ending(refused or NORMAL, Source.XML))


async def _end_later(switch: Switch, call: Call, seconds: float) -> None:
    await switch.clock.sleep(seconds)
    call.end(SCHEDULED)


async def run_redirect(switch: Switch, call: Call, element: Element) -> Next:
    """Go on with the document at another address."""
    return Next(Address(element.text, element["method"]), Purpose.REDIRECT, "Redirect")
