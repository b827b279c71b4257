"""A leg is answered: from here on it has a line, and its seconds count."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Line
from linecard_twilio.simulator.endings import BY_CALLEE, BY_CALLER
from linecard_twilio.simulator.reporting import report_progress

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

PAUSES = {"w": 0.5, "W": 1.0}


def pick_up(switch: Switch, call: Call) -> None:
    """Answer the call, once: open its line to its phone."""
    if call.answered_at is not None or call.is_over:
        return
    if call.handset is None:
        raise RuntimeError(f"call {call.sid} has no phone to answer it")
    call.answered_at = switch.clock.unix()
    call.status = "in-progress"
    ending = BY_CALLER if call.direction == "inbound" else BY_CALLEE
    line = Line(call.handset, partial(call.end, ending))
    line.digit_listeners.append(partial(_note_digit, switch, call))
    call.line = line
    switch.lines.open(line)
    switch.ledger.write(What.ANSWERED, call.root, leg=call.sid, by=call.handset.number)
    report_progress(switch, call, "answered")


def _note_digit(switch: Switch, call: Call, digit: str) -> None:
    switch.ledger.write(What.DIGIT_PRESSED, call.root, digit=digit, leg=call.sid)


def live_line(call: Call) -> Line:
    """The line of an answered call."""
    if call.line is None:
        raise RuntimeError(f"call {call.sid} has no line")
    return call.line


async def press(switch: Switch, call: Call, digits: str) -> None:
    """Press keys toward the phone; `w` waits half a second, `W` a second."""
    for key in digits:
        if key in PAUSES:
            await switch.clock.sleep(PAUSES[key])
        else:
            live_line(call).handset.hear_digits(key)
    switch.ledger.write(What.DIGITS_SENT, call.root, digits=digits, leg=call.sid)
