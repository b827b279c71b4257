"""The endpoints of conferences and of those who take part in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from linecard_twilio.simulator.conferences import KICKED, tell
from linecard_twilio.simulator.endings import BY_API
from linecard_twilio.simulator.fields import API_VERSION, rfc2822
from linecard_twilio.simulator.inviting import invite
from linecard_twilio.simulator.placing import check_ends
from linecard_twilio.simulator.replies import (
    NOT_IN_PROGRESS,
    ApiReply,
    ApiRequest,
    Refused,
    account_path,
    missing,
    page,
)
from linecard_twilio.simulator.rooms import Conference, Member, room_for

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

SID = re.compile("CF[0-9a-f]{32}")
ENDED_BY_API = "conference-ended-via-api"
STATUSES = ("init", "in-progress", "completed")


async def list_conferences(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Conferences.json, newest first; by Status and FriendlyName."""
    found = [
        _conference(switch, one)
        for one in reversed(switch.conferences.values())
        if request.asked("Status") in (None, one.status)
        and request.asked("FriendlyName") in (None, one.name)
    ]
    return page(request, "conferences", found)


async def get_conference(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Conferences/{CF}.json."""
    return ApiReply(200, _conference(switch, _known(switch, request)))


async def update_conference(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Conferences/{CF}.json: Status=completed sends everybody out."""
    conference = _known(switch, request)
    if request.has("Status"):
        request.word("Status", ("completed",), "")
        if conference.status == "completed":
            raise Refused(400, NOT_IN_PROGRESS, "Conference is not in progress")
        conference.close(ENDED_BY_API)
        for call in _ringing(switch, conference):
            call.end(BY_API)
    return ApiReply(200, _conference(switch, conference))


async def add_participant(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Conferences/{CF or name}/Participants.json: 201 `queued`; the room opens at the answer."""
    key = request.path["conference"]
    conference = _by_sid(switch, request) if SID.fullmatch(key) else room_for(switch, key)
    from_, to = check_ends(switch, request)
    call = invite(switch, request, conference, from_, to)
    return ApiReply(201, _participant(switch, conference, call, None, request))


async def list_participants(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Conferences/{CF}/Participants.json: those who are in it."""
    conference = _known(switch, request)
    members = [
        _participant(switch, conference, one.call, one) for one in conference.members.values()
    ]
    return page(request, "participants", members)


async def get_participant(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Conferences/{CF}/Participants/{CA or label}.json."""
    conference, call, member = _present(switch, request)
    return ApiReply(200, _participant(switch, conference, call, member))


async def update_participant(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Conferences/{CF}/Participants/{CA or label}.json."""
    conference, call, member = _present(switch, request)
    if member is None:
        raise missing(request.url)
    _change(switch, conference, member, request)
    conference.seat(member)
    return ApiReply(200, _participant(switch, conference, call, member))


def _change(switch: Switch, conference: Conference, member: Member, request: ApiRequest) -> None:
    muted = request.flag("Muted", default=member.is_muted)
    held = request.flag("Hold", default=member.is_held)
    ends = request.flag("EndConferenceOnExit", default=member.ends)
    changed = (muted != member.is_muted, held != member.is_held, ends != member.ends)
    member.is_muted, member.is_held, member.ends = muted, held, ends
    names = ("mute" if muted else "unmute", "hold" if held else "unhold", "modify")
    for name, is_new in zip(names, changed, strict=True):
        if is_new:
            tell(switch, conference, f"participant-{name}", member)


async def remove_participant(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE Conferences/{CF}/Participants/{CA or label}.json: 204; one that rings is ended."""
    _, call, member = _present(switch, request)
    if member is None:
        call.end(BY_API)
    else:
        member.leave(KICKED)
    return ApiReply(204)


def _known(switch: Switch, request: ApiRequest) -> Conference:
    """A conference by its sid, or by its name while it lives. Raises Refused (20404)."""
    key = request.path["conference"]
    found = (one for one in switch.conferences.values() if key in (one.sid, one.name))
    living = [one for one in found if one.sid == key or one.status != "completed"]
    if not living:
        raise missing(request.url)
    return living[-1]


def _by_sid(switch: Switch, request: ApiRequest) -> Conference:
    conference = _known(switch, request)
    if conference.status == "completed":
        raise missing(request.url)
    return conference


def _ringing(switch: Switch, conference: Conference) -> list[Call]:
    """Those who are being dialled into it."""
    return [
        call
        for call in switch.calls.values()
        if call.conference == conference.sid and not call.is_over
    ]


def _present(switch: Switch, request: ApiRequest) -> tuple[Conference, Call, Member | None]:
    """A participant: in the room, or, without a member, on the way. Raises Refused (20404)."""
    conference, key = _known(switch, request), request.path["participant"]
    member = conference.find(key)
    if member is not None:
        return conference, member.call, member
    for call in _ringing(switch, conference):
        if key in (call.sid, call.label):
            return conference, call, None
    raise missing(request.url)


def _conference(switch: Switch, conference: Conference) -> dict[str, Any]:
    account = switch.credentials.account_sid
    path = f"{account_path(account)}/Conferences/{conference.sid}"
    by = conference.ended_by
    return {
        "sid": conference.sid,
        "account_sid": account,
        "friendly_name": conference.name,
        "status": conference.status,
        "region": "us1",
        "api_version": API_VERSION,
        "date_created": rfc2822(conference.created_at),
        "date_updated": rfc2822(conference.ended_at or conference.created_at),
        "reason_conference_ended": conference.reason or None,
        "call_sid_ending_conference": by.call.sid if by else None,
        "uri": f"{path}.json",
        "subresource_uris": {
            "participants": f"{path}/Participants.json",
            "recordings": f"{path}/Recordings.json",
        },
    }


PENDING = {"queued": "queued", "initiated": "initializing", "ringing": "ringing"}


def _participant(
    switch: Switch,
    conference: Conference,
    call: Call,
    member: Member | None,
    request: ApiRequest | None = None,
) -> dict[str, Any]:
    account = switch.credentials.account_sid
    path = f"{account_path(account)}/Conferences/{conference.sid}/Participants/{call.sid}"
    asked = request or ApiRequest(url="", path={}, query=(), form=())
    flags = {
        "muted": member.is_muted if member else asked.flag("Muted", default=False),
        "hold": member.is_held if member else False,
        "start_conference_on_enter": member.starts
        if member
        else asked.flag("StartConferenceOnEnter", default=True),
        "end_conference_on_exit": member.ends
        if member
        else asked.flag("EndConferenceOnExit", default=False),
        "coaching": member.is_coaching if member else asked.flag("Coaching", default=False),
    }
    return {
        "account_sid": account,
        "call_sid": call.sid,
        "conference_sid": conference.sid,
        "label": (member.label if member else call.label) or None,
        "call_sid_to_coach": (member.coached if member else None) or None,
        **flags,
        "status": "connected" if member else PENDING.get(call.status, "complete"),
        "queue_time": str(call.queue_time),
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(member.joined_at if member else call.created_at),
        "uri": f"{path}.json",
    }
