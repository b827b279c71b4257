"""A call is answered: from here on it has a line, and its seconds count."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Line
from linecard_exotel.simulator.calls import BY_CALLEE, BY_CALLER

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch


def pick_up(switch: Switch, call: Call) -> None:
    """Answer the call, once: open its line to its phone."""
    if call.answered_at is not None:
        return
    if call.handset is None:
        raise RuntimeError(f"call {call.sid} has no phone to answer it")
    call.answered_at = switch.clock.unix()
    ending = BY_CALLER if call.is_inbound else BY_CALLEE
    line = Line(call.handset, partial(call.end, ending))
    line.digit_listeners.append(partial(_note_digit, switch, call))
    call.line = line
    switch.lines.open(line)
    switch.ledger.write(What.ANSWERED, call.sid, leg=call.sid, by=call.handset.number)


def live_line(call: Call) -> Line:
    """The line of an answered call."""
    if call.line is None:
        raise RuntimeError(f"call {call.sid} has no line")
    return call.line


def _note_digit(switch: Switch, call: Call, digit: str) -> None:
    switch.ledger.write(What.DIGIT_PRESSED, call.sid, digit=digit, leg=call.sid)
