"""The Call object of Exotel's API, as a call begins and as it is looked up later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard_exotel.simulator.moments import stamp, stamp_or_none
from linecard_exotel.simulator.numbering import national
from linecard_exotel.simulator.recordings import looked_up_url

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch


def call_object(switch: Switch, call: Call) -> dict[str, Any]:
    """`in-progress` from the first moment. EndTime, Duration and Price come about two minutes late."""
    is_told = is_complete(switch, call)
    account = switch.credentials.sid
    updated = call.ended_at or call.answered_at or call.created_at
    return {
        "Sid": call.sid,
        "ParentCallSid": None,
        "DateCreated": stamp(call.created_at),
        "DateUpdated": stamp(updated),
        "AccountSid": account,
        "To": national(call.exophone) if call.is_inbound else None,
        "From": national(call.customer),
        "PhoneNumberSid": national(call.exophone),
        "Status": call.status,
        "StartTime": stamp(call.created_at),
        "EndTime": stamp_or_none(call.ended_at) if is_told else None,
        "Duration": str(round(call.seconds)) if is_told else None,
        "Price": (call.inr or "0.000") if is_told else None,
        "Direction": call.direction,
        "AnsweredBy": None,
        "ForwardedFrom": None,
        "CallerName": None,
        "Uri": f"/v1/Accounts/{account}/Calls.json/{call.sid}",
        "RecordingUrl": looked_up_url(switch, call),
    }


def is_complete(switch: Switch, call: Call) -> bool:
    """Whether the end of a call has reached its details."""
    delay = switch.quirks.details_delay
    return call.ended_at is not None and switch.clock.unix() >= call.ended_at + delay


def leg_details(switch: Switch, call: Call) -> dict[str, Any]:
    """`Details` of a call: what each leg did."""
    legs = [call.seconds, *(talk.seconds for talk in call.talks)]
    numbered = [
        {"Leg": {"Id": place, "OnCallDuration": round(seconds)}}
        for place, seconds in enumerate(legs, 1)
    ]
    return {
        "ConversationDuration": round(conversation(call)),
        "Leg1Status": call.status,
        "Leg2Status": dict(call.dialled).get("DialCallStatus"),
        "Legs": numbered,
    }


def conversation(call: Call) -> float:
    """How long two sides talked: the second leg's seconds, where there was one."""
    return sum(talk.seconds for talk in call.talks) if call.talks else call.seconds
