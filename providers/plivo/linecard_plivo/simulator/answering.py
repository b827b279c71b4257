"""A leg is answered: from here on it has a line, and its seconds count."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Line
from linecard_plivo.simulator.codes import NORMAL, Ending, Source

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.switch import Switch

BY_PHONE = {"inbound": Source.CALLER, "outbound": Source.CALLEE}


def pick_up(switch: Switch, call: Call) -> None:
    """Answer the call, once: open its line to its phone."""
    if call.answered_at is not None:
        return
    if call.handset is None:
        raise RuntimeError(f"call {call.uuid} has no phone to answer it")
    call.answered_at = switch.clock.unix()
    call.status = "in-progress"
    ending = Ending(NORMAL, BY_PHONE[call.direction])
    line = Line(call.handset, partial(call.end, ending))
    line.digit_listeners.append(partial(_note_digit, switch, call))
    call.line = line
    switch.lines.open(line)
    switch.ledger.write(What.ANSWERED, call.uuid, leg=call.uuid, by=call.handset.number)


def _note_digit(switch: Switch, call: Call, digit: str) -> None:
    switch.ledger.write(What.DIGIT_PRESSED, call.uuid, digit=digit, leg=call.uuid)


def live_line(call: Call) -> Line:
    """The line of an answered call."""
    if call.line is None:
        raise RuntimeError(f"call {call.uuid} has no line")
    return call.line


async def press_later(switch: Switch, call: Call, digits: str) -> None:
    """`send_digits`: `w` waits half a second, `W` a second; `@1000` is the length of a tone."""
    keys, _, _ = digits.partition("@")
    for key in keys:
        if key in PAUSES:
            await switch.clock.sleep(PAUSES[key])
        elif call.handset is not None:
            call.handset.hear_digits(key)
    switch.ledger.write(What.DIGITS_SENT, call.uuid, digits=digits, leg=call.uuid)


PAUSES = {"w": 0.5, "W": 1.0}
