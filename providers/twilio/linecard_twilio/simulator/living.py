"""The stories of calls: placed by REST, or received."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_twilio.simulator.detection import detect_machine
from linecard_twilio.simulator.endings import BY_CALLER, TIME_LIMIT, Ending, document_failed
from linecard_twilio.simulator.ringing import ring, take_up
from linecard_twilio.simulator.running import follow

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

NO_DOCUMENT = document_failed(11100)


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


async def _answered(switch: Switch, call: Call) -> Ending:
    take_up(switch, call)
    try:
        async with switch.clock.timeout(call.order.time_limit):
            await detect_machine(switch, call)
            return await follow(switch, call, call.order.document)
    except TimeoutError:
        return TIME_LIMIT
