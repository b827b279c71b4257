"""The Connect applet with a dynamic URL: asks whom to ring, rings, connects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Bridge, Line, Prompt
from linecard.simulator.speech import ringback
from linecard_exotel.simulator.answering import live_line, pick_up
from linecard_exotel.simulator.asking import ask, call_fields
from linecard_exotel.simulator.calls import BY_CALLER, GIVEN_UP, TIME_LIMIT, Talk
from linecard_exotel.simulator.destinations import BadDestination, Destination, read_destination
from linecard_exotel.simulator.recordings import RecordingOrder, start_recording, stop_recording
from linecard_exotel.simulator.targets import LOST_RACE, Target, release, ring_target

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.flows import Applet, Connect
    from linecard_exotel.simulator.switch import Switch

KIND = "document connect"
VERSION = {"Exotel-Version": "1.0"}
MOST_ATTEMPTS = 10


async def run_connect(switch: Switch, call: Call, applet: Connect) -> Applet | None:
    """Dial until the talk, or the ringing, is over; only after a talk the flow ends."""
    pick_up(switch, call)
    for _ in range(MOST_ATTEMPTS):
        destination = await _ask_destination(switch, call, applet)
        if destination is None or not destination.numbers:
            status = "failed" if destination is None else "no-answer"
            call.dialled = call.dialled or (("DialCallStatus", status),)
            break
        if await _dial(switch, call, destination):
            return None
        if not destination.fetches_again:
            break
    return applet.unanswered


async def _ask_destination(switch: Switch, call: Call, applet: Connect) -> Destination | None:
    fields = call_fields(switch, call)
    delivery = await ask(switch, call, applet.address, KIND, fields, VERSION)
    try:
        if delivery.status != 200:
            raise BadDestination(f"status {delivery.status}")
        destination = read_destination(delivery.body)
        if destination.caller and not switch.exophones.owns(destination.caller):
            raise BadDestination("outgoing_phone_number is no ExoPhone of this account")
    except BadDestination as error:
        switch.ledger.write(What.DOCUMENT, call.sid, purpose="connect", fault=str(error))
        return None
    switch.ledger.write(What.DOCUMENT, call.sid, purpose="connect", numbers=destination.numbers)
    return destination


async def _dial(switch: Switch, call: Call, destination: Destination) -> bool:
    """Ring the numbers, some at once; whether somebody was talked to."""
    targets: list[Target] = []
    try:
        for place in range(0, len(destination.numbers), destination.at_once):
            group = destination.numbers[place : place + destination.at_once]
            row = [_target(switch, call, destination, number) for number in group]
            targets += row
            if await _ring_and_talk(switch, call, destination, row):
                return True
        return False
    finally:
        for target in targets:
            release(switch, call, target, BY_CALLER if target.line else GIVEN_UP)
        _leave_behind(call, targets)


def _target(switch: Switch, call: Call, destination: Destination, number: str) -> Target:
    return Target(
        sid=switch.ids.sid(),
        number=number,
        caller=destination.caller or call.exophone,
        ringing=destination.ringing,
        events=destination.events,
        handset=switch.phones.call(number),
    )


def _leave_behind(call: Call, targets: list[Target]) -> None:
    """What later requests of the flow are told of this applet."""
    last = next((target for target in targets if target.answered_at), targets[-1])
    status = last.ending.status if last.ending else "no-answer"
    call.dialled = (
        ("DialWhomNumber", last.written),
        ("DialCallStatus", status),
        ("DialCallDuration", str(round(last.seconds))),
    )
    call.talks += [
        Talk(target.seconds, target.handset.phone.is_machine)
        for target in targets
        if target.answered_at
    ]


async def _ring_and_talk(
    switch: Switch, call: Call, destination: Destination, targets: list[Target]
) -> bool:
    line = live_line(call)
    ringing = Prompt(ringback(), 0)
    line.add(ringing)
    try:
        winner = await _first_to_answer(switch, call, targets)
    finally:
        line.remove(ringing)
    if winner is None or winner.line is None:
        return False
    switch.ledger.write(What.BRIDGED, call.sid, leg=winner.sid, to=winner.number)
    await _talk(switch, call, destination, winner, winner.line)
    return True


async def _first_to_answer(switch: Switch, call: Call, targets: list[Target]) -> Target | None:
    """The first target that answers; the others lose the race."""
    rings = {asyncio.ensure_future(ring_target(switch, call, target)): target for target in targets}
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
                release(switch, call, target, LOST_RACE)
    return winner


async def _talk(
    switch: Switch, call: Call, destination: Destination, winner: Target, far: Line
) -> None:
    """Connect two lines until one ends, or the time is up."""
    near = live_line(call)
    to_near, to_far = Bridge(far), Bridge(near)
    near.add(to_near)
    far.add(to_far)
    near.digit_listeners.append(winner.handset.hear_digits)
    channels = destination.channels
    recording = (
        start_recording(switch, call, RecordingOrder(channels=channels)) if channels else None
    )
    try:
        async with switch.clock.timeout(destination.talking):
            ending = await asyncio.shield(winner.hung_up)
    except TimeoutError:
        ending = TIME_LIMIT
    finally:
        near.remove(to_near)
        far.remove(to_far)
        near.digit_listeners.remove(winner.handset.hear_digits)
        if recording is not None:
            stop_recording(switch, recording, "the talk is over")
    release(switch, call, winner, ending)
