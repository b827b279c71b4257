"""The form fields of Twilio's webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from math import ceil
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

Fields = tuple[tuple[str, str], ...]
API_VERSION = "2010-04-01"
ROLES = ("From", "To", "Caller", "Called")
PLACES = ("City", "State", "Zip", "Country")


def call_fields(switch: Switch, call: Call, status: str | None = None) -> Fields:
    """What comes with every webhook of a call: numbers in E.164 with their `+`."""
    numbers = {"From": call.from_, "To": call.to, "Caller": call.from_, "Called": call.to}
    fields = {
        "CallSid": call.sid,
        "AccountSid": switch.credentials.account_sid,
        "ApiVersion": API_VERSION,
        "CallStatus": status or call.status,
        "Direction": call.direction,
        **numbers,
        **({"ParentCallSid": call.parent.sid} if call.parent else {}),
        **{f"{role}{place}": _place(numbers[role], place) for role in ROLES for place in PLACES},
        **call.more_fields,
    }
    return tuple(fields.items())


def _place(number: str, place: str) -> str:
    # Town, state and zip may be empty, and are, since nothing here knows them.
    return country_of(number) if place == "Country" else ""


def country_of(number: str) -> str:
    """The country of a number; empty for SIP and what is no number."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


def progress_fields(switch: Switch, call: Call, status: str) -> Fields:
    """A status callback. `Duration` is in minutes, rounded up; `CallDuration` in seconds."""
    fields = (
        *call_fields(switch, call, status),
        ("Timestamp", rfc2822(switch.clock.unix())),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", str(call.reported)),
    )
    return fields + (_ended_fields(call) if call.ending else ())


def _ended_fields(call: Call) -> Fields:
    ending, seconds = call.ending, round(call.seconds)
    code = 200 if call.answered_at or ending is None else ending.sip
    fields: Fields = (
        ("CallDuration", str(seconds)),
        ("Duration", str(ceil(seconds / 60))),
        ("SipResponseCode", str(code)),
    )
    asked = [one for one in call.recordings if one.order.source == "OutboundAPI"]
    for recording in asked[:1]:
        fields += (
            ("RecordingUrl", recording.url),
            ("RecordingSid", recording.sid),
            ("RecordingDuration", str(round(recording.tape.seconds))),
        )
    return fields


def rfc2822(moment: float) -> str:
    """`Tue, 31 Aug 2010 20:36:28 +0000`."""
    return format_datetime(datetime.fromtimestamp(moment, UTC).replace(microsecond=0))


def rfc2822_or_none(moment: float | None) -> str | None:
    """A moment of the API; null until it comes."""
    return None if moment is None else rfc2822(moment)
