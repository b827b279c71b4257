"""What the API shows of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard.simulator.handset import plain
from linecard_twilio.simulator.fields import API_VERSION, rfc2822, rfc2822_or_none
from linecard_twilio.simulator.replies import account_path

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "user_defined_messages": "UserDefinedMessages",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
}


RECORDED = {
    "human": "human",
    "machine_start": "machine",
    "machine_end_beep": "machine",
    "fax": "machine",
}
"""A verdict as the Call resource has it: "either human or machine ... empty otherwise" (its page)."""


def _answered_by(switch: Switch, call: Call) -> str | None:
    tells = switch.quirks.record_tells
    if tells == "kind":
        return RECORDED.get(call.answered_by or "")
    return call.answered_by if tells == "word" else None


def call_object(switch: Switch, call: Call) -> dict[str, Any]:
    """A call: durations and prices are text, and null until they are known."""
    path = f"{account_path(switch.credentials.account_sid)}/Calls/{call.sid}"
    is_over = call.ended_at is not None
    own = switch.directory.numbers.get(
        plain(call.to if call.direction == "inbound" else call.from_)
    )
    return {
        "sid": call.sid,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.ended_at or call.answered_at or call.created_at),
        "parent_call_sid": call.parent.sid if call.parent else None,
        "account_sid": switch.credentials.account_sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": own.sid if own else None,
        # The API knows no `initiated`: only callbacks do.
        "status": "queued" if call.status == "initiated" else call.status,
        "start_time": None
        if call.status == "queued"
        else rfc2822(call.answered_at or call.created_at),
        "end_time": rfc2822_or_none(call.ended_at),
        "duration": str(round(call.seconds)) if is_over else None,
        "price": None if call.price is None else f"{call.price:.5f}",
        "price_unit": "USD",
        "direction": call.direction,
        "answered_by": _answered_by(switch, call),
        "annotation": None,
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(call.queue_time),
        "trunk_sid": None,
        "uri": f"{path}.json",
        "subresource_uris": {key: f"{path}/{name}.json" for key, name in SUBRESOURCES.items()},
    }
