"""Calls by API: place, end."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from linecard import (
    Call,
    CarrierRefused,
    HangUpResult,
    Machine,
    PlacedCall,
    PlaceOrder,
    RecordingOrder,
)
from linecard_twilio.failures import NAME, NOT_IN_PROGRESS
from linecard_twilio.options import read_options
from linecard_twilio.overrides import for_callback, for_document
from linecard_twilio.replies import Call as TheirCall
from linecard_twilio.replies import Done
from linecard_twilio.rest import Rest

CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
RECORDING_EVENTS = ("in-progress", "completed", "absent")
QUEUED = "queued"
DETECTION: Mapping[Machine, str] = MappingProxyType(
    {Machine.DETECT: "Enable", Machine.WAIT_FOR_BEEP: "DetectMessageEnd"}
)
"""Twilio's MachineDetection."""


async def place(rest: Rest, order: PlaceOrder) -> PlacedCall:
    """Dial with one request. Raises CarrierRefused or PlacementUnknown."""
    wish = _dial(order)
    created = await rest.dial(lambda client: client.calls.create_async(**wish), TheirCall)
    return PlacedCall(carrier_ids={"call_sid": created.sid}, queued=False)


def _dial(order: PlaceOrder) -> dict[str, Any]:
    """One address is told of all that happens to the call: Twilio takes no second one."""
    call = order.call
    return {
        "from_": call.number,
        "to": order.to.address,
        "url": for_document(order.answer_url),
        "method": "POST",
        "fallback_url": for_document(order.fallback_url),
        "fallback_method": order.fallback_method,
        "status_callback": for_callback(order.ended_url),
        "status_callback_method": "POST",
        "status_callback_event": list(CALL_EVENTS),
        "timeout": call.ring_seconds,
        "time_limit": call.max_seconds,
        **_keys(call),
        **_detection(order),
        **(_recorded(call, order.recording) if order.recording else {}),
    }


def _keys(call: Call) -> dict[str, Any]:
    """Twilio would ignore the detection in silence, so nothing is sent."""
    if not call.send_digits:
        return {}
    if call.machine is not Machine.OFF:
        raise CarrierRefused(NAME, "no machine is detected where send_digits is set; choose one")
    return {"send_digits": call.send_digits}


def _detection(order: PlaceOrder) -> dict[str, Any]:
    """Beside the call, so that the answer does not wait for it."""
    if order.call.machine is Machine.OFF:
        return {}
    return {
        "machine_detection": DETECTION[order.call.machine],
        "async_amd": "true",
        "async_amd_status_callback": for_callback(order.machine_url),
        "async_amd_status_callback_method": "POST",
    }


def _recorded(call: Call, order: RecordingOrder) -> dict[str, Any]:
    return {"record": True, **recording_wish(call, order)}


def recording_wish(call: Call, order: RecordingOrder) -> dict[str, Any]:
    """How a recording is asked for by API. Trimmed silence would move what was said in time."""
    return {
        "recording_channels": read_options(call.options).recording_channels,
        "trim": "do-not-trim",
        "recording_status_callback": for_callback(order.callback_url),
        "recording_status_callback_method": "POST",
        "recording_status_callback_event": list(RECORDING_EVENTS),
    }


def call_id(call: Call) -> str | None:
    """The id that Twilio's call addresses take."""
    return call.carrier_ids.get("call_sid")


def require_id(call: Call) -> str:
    """The same. Raises CarrierRefused (404) where there is none yet."""
    found = call_id(call)
    if found is None:
        raise CarrierRefused(NAME, f"call {call.id} has no id at Twilio yet", status=404)
    return found


async def end(rest: Rest, sid: str | None) -> HangUpResult:
    """End a leg, be it queued, ringing or talking; safe to repeat.

    Always by `completed`: `canceled` leaves an answered call alone (Twilio: call resource). A leg
    that is not in progress any more is ended.
    """
    if sid is None:
        return HangUpResult.NOT_FOUND
    try:
        done = await rest.find(
            lambda client: client.calls(sid).update_async(status="completed"), Done
        )
    except CarrierRefused as refused:
        if refused.code != NOT_IN_PROGRESS:
            raise
        return HangUpResult.DONE
    return HangUpResult.DONE if done else HangUpResult.NOT_FOUND
