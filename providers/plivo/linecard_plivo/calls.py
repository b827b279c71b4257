"""Calls by API: place, end, transfer, press keys, record."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

from linecard import (
    Call,
    CarrierRefused,
    Download,
    HangUpResult,
    Machine,
    PlacedCall,
    PlacementUnknown,
    PlaceOrder,
    RecordingOrder,
    UnsupportedByProvider,
)
from linecard_plivo.e164 import write_number
from linecard_plivo.failures import NAME
from linecard_plivo.options import read_options
from linecard_plivo.overrides import for_callback, for_document
from linecard_plivo.replies import Created, Done, Recording, RecordingStarted
from linecard_plivo.rest import Rest
from linecard_plivo.settings import PLIVO_API, PlivoSettings

MEDIA_HOST = "media.plivo.com"


async def place(rest: Rest, order: PlaceOrder) -> PlacedCall:
    """Dial with one request. Raises CarrierRefused, PlacementUnknown or UnsupportedByProvider."""
    wish = _dial(order)
    created = await rest.dial(lambda client: client.calls.create(**wish), Created)
    if not isinstance(created.request_uuid, str) or not created.request_uuid:
        raise PlacementUnknown(NAME, "the answer names no single request_uuid")
    return PlacedCall(
        carrier_ids={"request_uuid": created.request_uuid},
        queued="queued" in created.message.lower(),
    )


def _dial(order: PlaceOrder) -> dict[str, Any]:
    call = order.call
    if call.machine is Machine.WAIT_FOR_BEEP:
        raise UnsupportedByProvider(NAME, f"machine={call.machine}")
    return {
        "from_": write_number(call.number),
        "to_": write_number(order.to.address),
        "answer_url": for_document(order.answer_url),
        "fallback_url": for_document(order.fallback_url),
        "fallback_method": order.fallback_method,
        "ring_url": for_callback(order.ringing_url),
        "hangup_url": for_callback(order.ended_url),
        "time_limit": call.max_seconds,
        "ring_timeout": call.ring_seconds,
        "send_digits": call.send_digits,
        **(_detection(order) if call.machine is Machine.DETECT else {}),
    }


def _detection(order: PlaceOrder) -> dict[str, Any]:
    """With an address of its own, detection runs beside the call; without, the answer waits for it."""
    return {
        "machine_detection": "true",
        "machine_detection_url": for_callback(order.machine_url),
    }


def call_id(call: Call) -> str | None:
    """The id that Plivo's call addresses take. Until a callback names the call, it is the request's."""
    return call.carrier_ids.get("call_uuid") or call.carrier_ids.get("request_uuid")


def require_id(call: Call) -> str:
    found = call_id(call)
    if found is None:
        raise CarrierRefused(NAME, f"call {call.id} has no id at Plivo yet", status=404)
    return found


async def delete(rest: Rest, method: str, known: str | None) -> HangUpResult:
    """End something that may be gone already; safe to repeat."""
    if known is None:
        return HangUpResult.NOT_FOUND
    done = await rest.find(lambda client: getattr(client.calls, method)(known), Done)
    return HangUpResult.DONE if done else HangUpResult.NOT_FOUND


async def hang_up(rest: Rest, call: Call) -> HangUpResult:
    """End a live call."""
    return await delete(rest, "hangup", call_id(call))


async def cancel(rest: Rest, call: Call) -> HangUpResult:
    """End a call that is queued or ringing: its request first, then the call it may have become."""
    request = call.carrier_ids.get("request_uuid")
    results = (
        await delete(rest, "cancel", request),
        await delete(rest, "hangup", call_id(call)),
    )
    return HangUpResult.DONE if HangUpResult.DONE in results else HangUpResult.NOT_FOUND


async def send_digits(rest: Rest, call: Call, digits: str) -> None:
    """Press keys toward the caller's leg."""
    known = require_id(call)
    await rest.ask(lambda client: client.calls.send_digits(known, digits, leg="aleg"), Done)


async def start_recording(rest: Rest, call: Call, order: RecordingOrder) -> str:
    """Record a live call; Plivo stops after 60 seconds unless it is told a limit."""
    known = require_id(call)
    options = read_options(call.options)
    wish = {
        "time_limit": order.max_seconds,
        "file_format": options.recording_format,
        "record_channel_type": options.channel_type,
        "callback_url": for_callback(order.callback_url),
        "callback_method": "POST",
    }
    started = await rest.ask(lambda client: client.calls.record(known, **wish), RecordingStarted)
    return started.recording_id


async def stop_recording(rest: Rest, call: Call) -> None:
    """Stop all recordings of the call; Plivo's SDK knows no single one. None running is success."""
    known = require_id(call)
    await rest.find(lambda client: client.calls.record_stop(known), Done)


async def fetch_recording(rest: Rest, recording: str, url: str | None) -> Download:
    """Where the file is. Plivo's recordings are public unless the account asks for Basic auth."""
    if url is None:
        kept = await rest.ask(lambda client: client.recordings.get(recording), Recording, tries=2)
        url = kept.recording_url
    return Download(url=url, hosts=_hosts(rest.settings, url), authorization=_basic(rest.settings))


async def delete_recording(rest: Rest, recording: str) -> None:
    """Delete the file; none there is success."""
    await rest.find(lambda client: client.recordings.delete(recording), Done)


def _hosts(settings: PlivoSettings, url: str) -> frozenset[str]:
    """Plivo's media host, and its regions below it (aps1.media.plivo.com serves India)."""
    host = urlsplit(url).hostname or ""
    region = {host} if host.endswith(f".{MEDIA_HOST}") else set()
    stands_in = {settings.api_host} if settings.api_url != PLIVO_API else set()
    return frozenset({MEDIA_HOST, *region, *stands_in})


def _basic(settings: PlivoSettings) -> str:
    pair = f"{settings.auth_id}:{settings.rest_token}".encode()
    return f"Basic {b64encode(pair).decode('ascii')}"
