"""Everything that the end of a call brings: the line, the tapes, the bill, the callback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_exotel.simulator.money import charge
from linecard_exotel.simulator.recordings import stop_recording
from linecard_exotel.simulator.status import report

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call, Ending
    from linecard_exotel.simulator.switch import Switch


def settle(switch: Switch, call: Call, ending: Ending) -> None:
    """End a call in the books, once its story is over."""
    call.ending, call.ended_at = ending, switch.clock.unix()
    call.status = "completed" if call.answered_at is not None else ending.status
    for recording in call.recordings:
        stop_recording(switch, recording, "the call is over")
    if call.line is not None:
        switch.lines.close(call.line)
    switch.ledger.write(
        What.HUNG_UP,
        call.sid,
        leg=call.sid,
        name=ending.name,
        source=ending.source,
        status=call.status,
        seconds=round(call.seconds, 2),
    )
    charge(switch, call, call.sid, call.seconds)
    report(switch, call, "terminal")
