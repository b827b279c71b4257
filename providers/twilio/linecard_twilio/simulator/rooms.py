"""Conferences: rooms by name, each with a sid of its own, that live while somebody is in them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard.simulator.lines import Prompt, Room
from linecard.simulator.speech import beep

if TYPE_CHECKING:
    from linecard.simulator.lines import Line
    from linecard_twilio.simulator.calls import Call, Report
    from linecard_twilio.simulator.recordings import Recording
    from linecard_twilio.simulator.switch import Switch


@dataclass(slots=True, eq=False, kw_only=True)
class Member:
    """One leg in a room. `out` is set, with `why`, when it has to leave; `seat`: since when it is in."""

    call: Call
    line: Line
    label: str
    is_muted: bool
    starts: bool
    ends: bool
    beeps: str
    joined_at: float
    is_held: bool = False
    is_coaching: bool = False
    coached: str | None = None
    why: str = "participant_hung_up"
    out: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self, why: str) -> None:
        """Send it out."""
        if not self.out.is_set():
            self.why = why
            self.out.set()


@dataclass(slots=True, eq=False, kw_only=True)
class Conference:
    """A room, silent until a member who may start it is there.

    `status`: init, in-progress, completed. `report` is the first member's callback, of which the
    others' are not looked at. `ended_by` and `reason` say how it ended.
    """

    sid: str
    room: Room
    created_at: float
    status: str = "init"
    members: dict[str, Member] = field(default_factory=dict)
    report: Report | None = None
    reported: int = 0
    ended_at: float | None = None
    ended_by: Member | None = None
    reason: str = ""
    recording: Recording | None = None
    bridged: set[frozenset[str]] = field(default_factory=set)

    @property
    def name(self) -> str:
        """FriendlyName."""
        return self.room.name

    def find(self, key: str) -> Member | None:
        """A member by its call's sid or its label."""
        found = (one for one in self.members.values() if key in (one.call.sid, one.label))
        return next(found, None)

    def seat(self, member: Member) -> None:
        """Let the others hear a member, as muting, holding and the start allow it."""
        self.room.leave(member.line)
        if self.status == "in-progress" and not member.is_held:
            self.room.join(member.line, is_muted=member.is_muted)

    def close(self, reason: str, by: Member | None = None) -> None:
        """Send everybody out; the first reason counts."""
        if not self.reason:
            self.reason, self.ended_by = reason, by
        for member in tuple(self.members.values()):
            member.leave("conference_ended")

    def beep(self, besides: Member) -> None:
        """What the others hear when somebody comes or goes."""
        for member in self.members.values():
            if member is not besides:
                member.line.add(Prompt(beep()))


def room_for(switch: Switch, name: str) -> Conference:
    """The room of a name that is not over: made now, with its sid, if there is none."""
    for conference in switch.conferences.values():
        if conference.name == name and conference.status != "completed":
            return conference
    conference = Conference(
        sid=switch.ids.sid("CF"), room=Room(name), created_at=switch.clock.unix()
    )
    switch.conferences[conference.sid] = conference
    return conference
