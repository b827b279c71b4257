"""<Dial><Conference>: one leg's stay in a room, and what is reported of rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard_twilio.simulator.answering import live_line
from linecard_twilio.simulator.calls import Report
from linecard_twilio.simulator.documents import after_action, callback_address, notify_action
from linecard_twilio.simulator.fields import Fields, rfc2822
from linecard_twilio.simulator.recordings import RecordingOrder, start_recording, stop_recording
from linecard_twilio.simulator.reporting import notify
from linecard_twilio.simulator.rooms import Conference, Member, room_for

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call, Next
    from linecard_twilio.simulator.reader import Element
    from linecard_twilio.simulator.switch import Switch

ASKED_FOR = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
}
"""The word with which each event is asked for."""
DEFAULT_EVENTS = frozenset({"start", "end"})
ANSWERED: Fields = (("DialCallStatus", "answered"),)
BEEPS_IN, BEEPS_OUT = frozenset({"true", "onEnter"}), frozenset({"true", "onExit"})
KICKED = "participant_kicked"


async def run_conference(switch: Switch, call: Call, dial: Element) -> Next | None:
    """Stay in the room until it closes, the time is up, or the call ends; then the Dial's action."""
    noun = dial.children[0]
    conference = room_for(switch, noun.text)
    if len(conference.members) >= noun["maxParticipants"]:
        switch.ledger.write(What.NOTE, call.root, text=f"conference {noun.text} is full")
        return after_action(call, dial, "dial action", (("DialCallStatus", "failed"),))
    member = _member(switch, call, noun)
    with _joined(switch, conference, member, noun, star=dial["hangupOnStar"]):
        try:
            async with switch.clock.timeout(dial["timeLimit"]):
                await member.out.wait()
        except TimeoutError:
            switch.ledger.write(What.NOTE, call.root, text=f"conference {noun.text}: time limit")
        finally:
            if call.is_over:
                notify_action(switch, call, dial, "dial action", ANSWERED, "completed")
    return after_action(call, dial, "dial action", ANSWERED)


def _member(switch: Switch, call: Call, noun: Element) -> Member:
    return Member(
        call=call,
        line=live_line(call),
        label=noun["participantLabel"],
        is_muted=noun["muted"],
        starts=noun["startConferenceOnEnter"],
        ends=noun["endConferenceOnExit"],
        beeps=noun["beep"],
        joined_at=switch.clock.unix(),
        is_coaching=noun["coach"] is not None,
        coached=noun["coach"],
    )


@contextmanager
def _joined(
    switch: Switch, conference: Conference, member: Member, noun: Element, *, star: bool
) -> Iterator[None]:
    """A member's stay: what it hears is there from the moment the conference starts."""
    line, seat = member.line, conference.room.seat(member.line)
    press = _on_star(member, star=star)
    line.add(seat)
    line.digit_listeners.append(press)
    _enter(switch, conference, member, noun)
    try:
        yield
    finally:
        line.remove(seat)
        line.digit_listeners.remove(press)
        _leave(switch, conference, member)


def _on_star(member: Member, *, star: bool) -> Callable[[str], None]:
    def press(digit: str) -> None:
        if star and digit == "*":
            member.leave("participant_hung_up")

    return press


def _enter(switch: Switch, conference: Conference, member: Member, noun: Element) -> None:
    if not conference.members and conference.status == "init":
        # Only the first member's callback counts, also where it has none.
        address = callback_address(member.call, noun, "statusCallback")
        events = noun["statusCallbackEvent"] or DEFAULT_EVENTS
        conference.report = Report(address, events) if address else None
    conference.members[member.call.sid] = member
    count = len(conference.members)
    facts = {"room": conference.name, "members": count, "leg": member.call.sid}
    switch.ledger.write(What.JOINED, member.call.root, **facts)
    tell(switch, conference, "participant-join", member)
    _start_or_seat(switch, conference, member, noun)
    if member.beeps in BEEPS_IN:
        conference.beep(member)


def _start_or_seat(switch: Switch, conference: Conference, member: Member, noun: Element) -> None:
    """It starts once two are in it, of whom one may start it."""
    may_start = any(one.starts for one in conference.members.values())
    if conference.status == "init" and may_start and len(conference.members) > 1:
        conference.status = "in-progress"
        tell(switch, conference, "conference-start", member)
        for one in conference.members.values():
            conference.seat(one)
    conference.seat(member)
    _record(switch, conference, member, noun)
    _write_bridges(switch, conference)


def _record(switch: Switch, conference: Conference, member: Member, noun: Element) -> None:
    wanted = noun["record"] in ("record-from-start", "true")
    if not wanted or conference.recording is not None:
        return
    order = RecordingOrder(
        source="Conference",
        is_dual=False,
        trims=noun["trim"] == "trim-silence",
        callback=callback_address(member.call, noun, "recordingStatusCallback"),
        events=noun["recordingStatusCallbackEvent"] or frozenset({"completed"}),
    )
    conference.recording = start_recording(switch, member.call, order, conference.sid)


def _write_bridges(switch: Switch, conference: Conference) -> None:
    """Note each two legs that talk from now on: the call's own leg first, then who was dialled in."""
    if conference.status != "in-progress":
        return
    for one, other in combinations(conference.members.values(), 2):
        pair = frozenset({one.call.sid, other.call.sid})
        if pair in conference.bridged:
            continue
        conference.bridged.add(pair)
        first, second = (other, one) if one.call.conference else (one, other)
        switch.ledger.write(
            What.BRIDGED,
            first.call.root,
            leg=second.call.sid,
            to=second.call.to,
            room=conference.name,
        )


def _leave(switch: Switch, conference: Conference, member: Member) -> None:
    conference.room.leave(member.line)
    conference.members.pop(member.call.sid, None)
    count = len(conference.members)
    facts = {"room": conference.name, "members": count, "leg": member.call.sid}
    switch.ledger.write(What.LEFT, member.call.root, **facts)
    tell(switch, conference, "participant-leave", member, (("ReasonParticipantLeft", member.why),))
    how = "kicked" if member.why == KICKED else "left"
    if member.ends and conference.members:
        conference.close(f"participant-with-end-conference-on-exit-{how}", member)
    elif conference.members and member.beeps in BEEPS_OUT:
        conference.beep(member)
    if not conference.members:
        conference.close(f"last-participant-{how}", member)
        end_conference(switch, conference)


def end_conference(switch: Switch, conference: Conference) -> None:
    """The room is empty: it is over, and its name is free for another."""
    conference.status, conference.ended_at = "completed", switch.clock.unix()
    if conference.recording is not None:
        stop_recording(switch, conference.recording, "the conference is over")
    by = conference.ended_by
    label = by.label if by else ""
    fields = (
        ("ReasonConferenceEnded", conference.reason),
        *((("CallSidEndingConference", by.call.sid),) if by else ()),
        *((("ParticipantLabelEndingConference", label),) if label else ()),
    )
    tell(switch, conference, "conference-end", None, fields)


def tell(
    switch: Switch,
    conference: Conference,
    event: str,
    member: Member | None,
    more: Fields = (),
) -> None:
    """Report an event of a room, if the first member asked for it."""
    report = conference.report
    if report is None or ASKED_FOR[event] not in report.events:
        return
    conference.reported += 1
    fields = (
        ("ConferenceSid", conference.sid),
        ("FriendlyName", conference.name),
        ("AccountSid", switch.credentials.account_sid),
        ("SequenceNumber", str(conference.reported)),
        ("Timestamp", rfc2822(switch.clock.unix())),
        ("StatusCallbackEvent", event),
        *(_member_fields(member) if member else ()),
        *more,
    )
    by = member or conference.ended_by
    notify(switch, by.call.root if by else None, report.address, event, fields)


def _member_fields(member: Member) -> Fields:
    return (
        ("CallSid", member.call.sid),
        *((("ParticipantLabel", member.label),) if member.label else ()),
        ("Muted", word(member.is_muted)),
        ("Hold", word(member.is_held)),
        ("Coaching", word(member.is_coaching)),
        ("EndConferenceOnExit", word(member.ends)),
        ("StartConferenceOnEnter", word(member.starts)),
    )


def word(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"
