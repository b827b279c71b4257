"""<Dial>: rings its targets at once, connects the first that answers, and reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Bridge, Line, Prompt
from linecard.simulator.speech import ringback
from linecard_plivo.simulator.answering import live_line
from linecard_plivo.simulator.calls import Address
from linecard_plivo.simulator.codes import NORMAL, Ending, Source
from linecard_plivo.simulator.documents import after_action, notify
from linecard_plivo.simulator.fields import Fields, answer_fields
from linecard_plivo.simulator.targets import LOST_RACE, Target, release, report, ring_target

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call, Next
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch

BY_CALLER = Ending(NORMAL, Source.CALLER)
BY_PLIVO = Ending(NORMAL, Source.PLIVO)
CANCELLED = Ending(1000, Source.CALLER)


async def run_dial(switch: Switch, call: Call, element: Element) -> Next | None:
    """Dial until the talk, or the ringing, is over; then the action."""
    targets = [_target(switch, call, element, place) for place in range(len(element.children))]
    try:
        await _ring_and_talk(switch, call, element, targets)
    finally:
        for target in targets:
            release(switch, call, element, target, BY_CALLER if target.line else CANCELLED)
        if call.is_over:
            _report_late(switch, call, element, targets)
    return after_action(switch, call, element, "Dial", dial_fields(call, targets))


def _target(switch: Switch, call: Call, dial: Element, place: int) -> Target:
    child = dial.children[place]
    return Target(
        uuid=switch.ids.uuid(),
        number=child.text,
        caller=dial["callerId"] or call.from_,
        position=place + 1,
        element=child,
        handset=switch.phones.call(child.text),
        created_at=switch.clock.unix(),
    )


async def _ring_and_talk(switch: Switch, call: Call, dial: Element, targets: list[Target]) -> None:
    line = live_line(call)
    ringing = Prompt(ringback(), 0)
    line.add(ringing)
    try:
        winner = await _first_ready(switch, call, dial, targets)
    finally:
        line.remove(ringing)
    if winner is None or winner.line is None:
        return
    switch.ledger.write(What.BRIDGED, call.uuid, leg=winner.uuid, to=winner.number)
    report(switch, call, dial, winner, "connected")
    for start in call.on_dial_answer:
        start()
    call.on_dial_answer.clear()
    await _talk(switch, call, dial, winner, winner.line)


async def _first_ready(
    switch: Switch, call: Call, dial: Element, targets: list[Target]
) -> Target | None:
    """The first target that is ready to talk; the others lose the race."""
    rings = {
        asyncio.ensure_future(ring_target(switch, call, dial, target)): target for target in targets
    }
    waiting, winner = set(rings), None
    try:
        while waiting and winner is None:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            ready = [rings[task] for task in done if task.result() is not None]
            winner = ready[0] if ready else None
    finally:
        for task in rings:
            task.cancel()
        await asyncio.gather(*rings, return_exceptions=True)
    if winner is not None:
        for target in targets:
            if target is not winner:
                release(switch, call, dial, target, LOST_RACE)
    return winner


async def _talk(switch: Switch, call: Call, dial: Element, winner: Target, far: Line) -> None:
    """Connect two lines until one ends, the time is up, or a star is pressed."""
    near = live_line(call)
    to_near, to_far = Bridge(far), Bridge(near)
    keys = _keys(switch, call, dial, winner)
    near.add(to_near)
    far.add(to_far)
    near.digit_listeners.append(keys)
    try:
        async with switch.clock.timeout(dial["timeLimit"]):
            ending = await asyncio.shield(winner.hung_up)
    except TimeoutError:
        ending = Ending(6000, Source.PLIVO)
    finally:
        near.remove(to_near)
        far.remove(to_far)
        near.digit_listeners.remove(keys)
    release(switch, call, dial, winner, ending)


def _keys(switch: Switch, call: Call, dial: Element, winner: Target) -> Callable[[str], None]:
    entered: list[str] = []
    matches = [match for match in dial["digitsMatch"].split(",") if match]

    def press(digit: str) -> None:
        winner.handset.hear_digits(digit)
        entered.append(digit)
        if digit == "*" and dial["hangupOnStar"] and not winner.hung_up.done():
            winner.hung_up.set_result(BY_PLIVO)
        for match in matches:
            if "".join(entered).endswith(match):
                more = (("DialDigitsMatch", match), ("DialDigitsPressedBy", "ALeg"))
                report(switch, call, dial, winner, "digits", more)

    return press


def dial_fields(call: Call, targets: list[Target]) -> Fields:
    """The fields of a Dial's action. The B leg's numeric code is not among them."""
    answered = next((target for target in targets if target.answered_at is not None), None)
    last = answered or max(targets, key=lambda target: target.ended_at or 0)
    ending = last.ending or BY_PLIVO
    rang = any(target.rang for target in targets)
    return (
        ("DialStatus", ending.status(was_answered=_was_connected(last))),
        ("DialRingStatus", "true" if rang else "false"),
        ("DialHangupCause", ending.cause),
        ("DialALegUUID", call.uuid),
        ("DialBLegUUID", answered.uuid if answered else ""),
    )


def _was_connected(target: Target) -> bool:
    # Answered but never confirmed is no conversation.
    return (
        target.answered_at is not None and target.ending is not None and target.ending.code < 9000
    )


def _report_late(switch: Switch, call: Call, dial: Element, targets: list[Target]) -> None:
    """The caller has gone: the action hears of it, and its reply matters to nobody."""
    if dial["action"]:
        fields = answer_fields(switch, call, "Dial") + dial_fields(call, targets)
        notify(switch, call, Address(dial["action"], dial["method"]), "dial action", fields)
