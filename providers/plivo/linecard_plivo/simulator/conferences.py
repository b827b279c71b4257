"""<Conference>: rooms by name, shared by the calls of an account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.lines import Line, Prompt, Room
from linecard.simulator.speech import beep
from linecard_plivo.simulator.answering import live_line
from linecard_plivo.simulator.documents import after_action, callback_address, notify
from linecard_plivo.simulator.fields import Fields, answer_fields

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call, Next
    from linecard_plivo.simulator.reader import Element
    from linecard_plivo.simulator.switch import Switch


@dataclass(slots=True, eq=False)
class Conference:
    """A room that lives while somebody is in it; silent until a member who may start it is there."""

    uuid: str
    room: Room
    members: dict[str, asyncio.Event] = field(default_factory=dict)
    waiting: list[tuple[Line, bool]] = field(default_factory=list)
    has_started: bool = False
    joined: int = 0

    def close(self) -> None:
        """Send everybody out."""
        for out in self.members.values():
            out.set()


async def run_conference(switch: Switch, call: Call, element: Element) -> Next | None:
    """Stay in the room until it closes, the time is up, or the call ends."""
    name = element.text
    conference = switch.conferences.setdefault(name, Conference(switch.ids.uuid(), Room(name)))
    if len(conference.members) >= element["maxMembers"]:
        switch.ledger.write(What.NOTE, call.uuid, text=f"conference {name} is full")
        return None
    conference.joined += 1
    member = str(conference.joined)
    with _joined(switch, call, element, conference, member) as out:
        try:
            async with switch.clock.timeout(element["timeLimit"]):
                await out.wait()
        except TimeoutError:
            switch.ledger.write(What.NOTE, call.uuid, text=f"conference {name}: time limit")
    fields = _fields(conference, member, "exit")
    return after_action(switch, call, element, "ConferenceExit", fields)


@contextmanager
def _joined(
    switch: Switch, call: Call, element: Element, conference: Conference, member: str
) -> Iterator[asyncio.Event]:
    """One call's stay: what it hears is there from the moment the conference starts."""
    line, out = live_line(call), asyncio.Event()
    seat = conference.room.seat(line)
    star = _on_star(element, out)
    conference.members[call.uuid] = out
    line.add(seat)
    line.digit_listeners.append(star)
    _enter(conference, line, element)
    _tell(switch, call, element, conference, member, "enter")
    try:
        yield out
    finally:
        line.remove(seat)
        line.digit_listeners.remove(star)
        _leave(switch, call, element, conference, line)
        _tell(switch, call, element, conference, member, "exit")


def _on_star(element: Element, out: asyncio.Event) -> Callable[[str], None]:
    def press(digit: str) -> None:
        if digit == "*" and element["hangupOnStar"]:
            out.set()

    return press


def _enter(conference: Conference, line: Line, element: Element) -> None:
    conference.waiting.append((line, element["muted"]))
    conference.has_started |= element["startConferenceOnEnter"]
    if conference.has_started:
        for waiting, is_muted in conference.waiting:
            conference.room.join(waiting, is_muted=is_muted)
        conference.waiting.clear()
    if element["enterSound"] == "beep:1":
        for member in conference.room.members:
            member.add(Prompt(beep()))


def _leave(
    switch: Switch, call: Call, element: Element, conference: Conference, line: Line
) -> None:
    conference.room.leave(line)
    conference.waiting = [pair for pair in conference.waiting if pair[0] is not line]
    conference.members.pop(call.uuid, None)
    alone = not element["stayAlone"] and len(conference.members) == 1
    if element["endConferenceOnExit"] or alone:
        conference.close()
    if not conference.members:
        switch.conferences.pop(conference.room.name, None)


def _tell(
    switch: Switch,
    call: Call,
    element: Element,
    conference: Conference,
    member: str,
    action: str,
) -> None:
    what = What.JOINED if action == "enter" else What.LEFT
    switch.ledger.write(what, call.uuid, room=conference.room.name, members=len(conference.members))
    if action == "enter" and conference.has_started:
        _write_bridges(switch, call, conference)
    fields = answer_fields(switch, call, EVENTS[action]) + _fields(conference, member, action)
    notify(switch, call, callback_address(element), f"conference {action}", fields)


def _write_bridges(switch: Switch, call: Call, conference: Conference) -> None:
    """Note whom a member that comes in talks to from now on."""
    for other in conference.members:
        if other != call.uuid:
            to = switch.calls[other].to
            switch.ledger.write(
                What.BRIDGED, call.uuid, leg=other, to=to, room=conference.room.name
            )


EVENTS = {"enter": "ConferenceEnter", "exit": "ConferenceExit"}


def _fields(conference: Conference, member: str, action: str) -> Fields:
    return (
        ("ConferenceAction", action),
        ("ConferenceName", conference.room.name),
        ("ConferenceUUID", conference.uuid),
        ("ConferenceMemberID", member),
        ("ConferenceFirstMember", "true" if member == "1" else "false"),
    )
