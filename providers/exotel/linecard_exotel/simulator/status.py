"""StatusCallback: what it says of a call, when, and how often it is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard.simulator.courier import Webhook
from linecard.simulator.overrides import Policy
from linecard_exotel.simulator.addresses import Address
from linecard_exotel.simulator.bodies import as_json, as_multipart, as_pairs
from linecard_exotel.simulator.details import conversation
from linecard_exotel.simulator.moments import stamp, stamp_or_none
from linecard_exotel.simulator.numbering import national
from linecard_exotel.simulator.recordings import told_url

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call, StatusOrder
    from linecard_exotel.simulator.switch import Switch

TERMINAL = "terminal"
BY = {False: "HUMAN", True: "Machine"}
SECONDS = 15.0
IN_TIME = Policy(connect=SECONDS, read=SECONDS, total=SECONDS, retries=0)


def report(switch: Switch, call: Call, event: str) -> None:
    """Tell the call's StatusCallback, where there is one that wants the event. Flows in have none."""
    order = call.order.callback
    if order is None or event not in _wanted(switch, call, order):
        return
    facts = _facts(switch, call, order, event)
    boundary, address = switch.ids.boundary(), Address.parse(order.url)
    switch.courier.tell(
        Webhook(
            url=address.url,
            headers=tuple(address.headers.items()),
            fields=as_pairs(facts),
            kind=f"status {event}",
            call=call.sid,
            policy=IN_TIME,
            again=switch.quirks.retries,
            encode=lambda fields: (
                as_json(facts) if order.is_json else as_multipart(fields, boundary)
            ),
        )
    )


def _wanted(switch: Switch, call: Call, order: StatusOrder) -> frozenset[str]:
    """Terminal unless events were asked for, which flows have not got ("use Passthru")."""
    if not order.events or (call.order.flow and not switch.quirks.flow_events):
        return frozenset({TERMINAL})
    return order.events


def _facts(switch: Switch, call: Call, order: StatusOrder, event: str) -> dict[str, Any]:
    recording = told_url(switch, call.recordings[0] if call.recordings else None)
    named = {"RecordingUrl": recording} if recording and event == TERMINAL else {}
    brief = {"CallSid": call.sid, "Status": _status(call, event), **named}
    updated = stamp(switch.clock.unix())
    has_events = order.events and (not call.order.flow or switch.quirks.flow_events)
    if not has_events and not switch.quirks.tells_all_always:
        return {**brief, "DateUpdated": updated}
    return {
        "CallSid": call.sid,
        "EventType": event,
        "DateCreated": stamp(call.created_at),
        "DateUpdated": updated,
        **_long(call),
        **brief,
        **(_terminal(call) if event == TERMINAL else {}),
    }


def _status(call: Call, event: str) -> str:
    return {"ringing": "ringing", "answered": "in-progress"}.get(event, call.status)


def _long(call: Call) -> dict[str, Any]:
    """`To` is empty: a call to a stream or a flow has none."""
    return {
        "To": None,
        "From": national(call.customer),
        "PhoneNumberSid": national(call.exophone),
        "StartTime": stamp(call.created_at),
        "EndTime": stamp_or_none(call.ended_at),
        "Direction": call.direction,
    }


def _terminal(call: Call) -> dict[str, Any]:
    """AnsweredBy tells people from machines on the second leg alone; the first one says `NA`."""
    custom = {"CustomField": call.order.custom_field} if call.order.custom_field else {}
    legs = [
        _leg(call.seconds, call.status, "NA"),
        *(_leg(talk.seconds, "completed", BY[talk.with_machine]) for talk in call.talks),
    ]
    return {"ConversationDuration": round(conversation(call)), **custom, "Legs": legs}


def _leg(seconds: float, status: str, answered_by: str) -> dict[str, Any]:
    return {"OnCallDuration": round(seconds), "Status": status, "AnsweredBy": answered_by}
