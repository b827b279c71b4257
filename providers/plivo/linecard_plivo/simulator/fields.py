"""The form fields of Plivo's webhooks, in the shapes and with the oddities of real ones."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers

from linecard.simulator.handset import plain

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Call
    from linecard_plivo.simulator.switch import Switch

Fields = tuple[tuple[str, str], ...]


def answer_fields(switch: Switch, call: Call, event: str = "StartApp") -> Fields:
    """What comes with every request for a document: numbers without `+`, SessionStart in UTC."""
    fields = {
        "BillRate": f"{bill_rate(switch, call):f}",
        "CallStatus": call.status,
        "CallUUID": call.uuid,
        "CountryCode": country_code(call.to),
        "Direction": call.direction,
        "Event": event,
        "From": plain(call.from_),
        "ParentAuthID": switch.credentials.auth_id,
        "RouteType": "Domestic_Anchored",
        "STIRAttestation": "Not Applicable",
        "STIRVerification": "Not Applicable",
        "SessionStart": _utc(call.created_at),
        "To": plain(call.to),
        **_request_ids(call),
        **call.answer_fields,
    }
    return tuple(sorted(fields.items()))


def ring_fields(switch: Switch, call: Call) -> Fields:
    """The ring callback; its From has a `+`, unlike the others of the same call."""
    fields = {
        "CallStatus": "ringing",
        "CallUUID": call.uuid,
        "CallerName": call.order.caller_name,
        "Direction": call.direction,
        "Event": "Ring",
        "From": f"+{plain(call.from_)}",
        "ParentAuthID": switch.credentials.auth_id,
        "RequestUUID": call.uuid,
        "SessionStart": _utc(call.created_at),
        "To": plain(call.to),
    }
    return tuple(sorted(fields.items()))


def hangup_fields(switch: Switch, call: Call) -> Fields:
    """The hang-up callback: SessionStart in UTC, the other times in the account's zone, no offset."""
    if call.ending is None or call.ended_at is None:
        raise ValueError(f"call {call.uuid} is not over")
    ending = call.ending
    billed = switch.rates.billed(call.seconds)
    cost = switch.rates.cost(bill_rate(switch, call), call.seconds)
    zone = switch.quirks.time_zone
    fields = dict(answer_fields(switch, call, "Hangup")) | {
        "AnswerTime": local_time(call.answered_at, zone),
        "BillDuration": str(billed),
        "Duration": str(round(call.seconds)),
        "EndTime": local_time(call.ended_at, zone),
        "HangupCause": ending.cause,
        "HangupCauseCode": str(ending.code),
        "HangupCauseName": ending.name,
        "HangupSource": ending.source.value,
        "StartTime": local_time(call.created_at, zone),
        "TotalCost": f"{cost:f}",
    }
    hidden = {"ALegUUID", "ALegRequestUUID", "CallerName", "Machine"}
    return tuple(sorted((name, value) for name, value in fields.items() if name not in hidden))


def machine_fields(call: Call, *, is_machine: bool, hangs_up: bool) -> Fields:
    """The callback of asynchronous answering machine detection."""
    return (
        ("From", plain(call.from_)),
        ("Machine", "true" if is_machine else "false"),
        ("To", plain(call.to)),
        ("RequestUUID", call.uuid),
        ("ALegRequestUUID", call.uuid),
        ("CallUUID", call.uuid),
        ("IfMachine", "hangup" if hangs_up else "continue"),
        ("Direction", "outbound"),
        ("ALegUUID", call.uuid),
        ("Event", "MachineDetection"),
        ("CallStatus", "in-progress"),
    )


def bill_rate(switch: Switch, call: Call) -> Decimal:
    """The price of a minute of the call."""
    return switch.rates.per_minute(call.direction, call.to)


def country_code(number: str) -> str:
    """The country of a number as CountryCode has it; empty for SIP and what is no number."""
    try:
        parsed = phonenumbers.parse(f"+{plain(number)}", None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(parsed) or ""


def local_time(moment: float | None, zone: str) -> str:
    """`2024-10-25 19:43:37` in a zone, empty for what never happened."""
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def offset_time(moment: float | None, zone: str, *, micros: bool = False) -> str | None:
    """`2015-07-26 15:45:02+05:30` in a zone, as call details have it."""
    if moment is None:
        return None
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    return local.isoformat(sep=" ", timespec="microseconds" if micros else "seconds")


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _request_ids(call: Call) -> dict[str, str]:
    # An inbound call has none of these, and a name.
    if call.direction == "inbound":
        return {"CallerName": plain(call.from_)}
    names = ("ALegRequestUUID", "ALegUUID", "RequestUUID")
    return dict.fromkeys(names, call.uuid)
