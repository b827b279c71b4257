"""Calls by API: place, end, look up, fetch the recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from linecard import (
    Call,
    CallLookup,
    CallStatus,
    CarrierRefused,
    Download,
    Found,
    HangUpResult,
    LegEnded,
    Machine,
    PlacedCall,
    PlacementUnknown,
    PlaceOrder,
    RecordingOrder,
    Stream,
    UnsupportedByProvider,
)
from linecard_telnyx.rest import CALL_OVER, NAME, Rest
from linecard_telnyx.state import write_state

IDS = ("call_control_id", "call_leg_id", "call_session_id")


async def place(rest: Rest, order: PlaceOrder) -> PlacedCall:
    """Dial with one request. Raises CarrierRefused, PlacementUnknown or UnsupportedByProvider."""
    placed = await rest.dial(_dial(rest, order))
    ids = {name: placed[name] for name in IDS if isinstance(placed.get(name), str)}
    if "call_control_id" not in ids:
        raise PlacementUnknown(NAME, "the answer names no call_control_id")
    return PlacedCall(carrier_ids=ids)


def _dial(rest: Rest, order: PlaceOrder) -> dict[str, Any]:
    """Webhooks of a call go to one address; only that of the answer, which wants one, has its own."""
    call = order.call
    if call.machine is Machine.WAIT_FOR_BEEP or call.send_digits:
        raise UnsupportedByProvider(NAME, "wait-for-beep, and send_digits with a dial")
    asks = {} if order.verbs else {"webhook_urls": {"call.answered": order.answer_url}}
    return {
        "connection_id": rest.settings.connection_id,
        "from": call.number,
        "to": order.to.address,
        "webhook_url": order.ended_url,
        "client_state": write_state(call.id),
        "command_id": call.id,
        "timeout_secs": call.ring_seconds,
        "time_limit_secs": call.max_seconds,
        **asks,
        **_stream_at_dial(order),
        **(recording(order.recording) if order.recording else {}),
        **({"answering_machine_detection": "detect"} if call.machine is Machine.DETECT else {}),
    }


def _stream_at_dial(order: PlaceOrder) -> dict[str, Any]:
    found = next((verb for verb in order.verbs if isinstance(verb, Stream)), None)
    early = {"stream_establish_before_call_originate": True}
    return {**stream(found), **early} if found else {}


def stream(verb: Stream) -> dict[str, Any]:
    """A stream. Without `rtp` Telnyx drops our audio silently; `stream_codec` stays the line's own."""
    outbound = verb.profile.format.outbound
    return {
        "stream_url": verb.url,
        "stream_track": "inbound_track",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": outbound.encoding.value,
        "stream_bidirectional_sampling_rate": outbound.rate,
    }


def recording(order: RecordingOrder) -> dict[str, Any]:
    """A recording of both sides from the answer on."""
    return {
        "record": "record-from-answer",
        "record_channels": "dual",
        "record_format": "wav",
        "record_max_length": order.max_seconds,
    }


def control_id(call: Call) -> str:
    """The id that commands take. Raises CarrierRefused (404) while the dial has no answer."""
    found = call.carrier_ids.get("call_control_id")
    if found is None:
        raise CarrierRefused(NAME, f"call {call.id} has no id at Telnyx yet", status=404)
    return found


async def hang_up(rest: Rest, call: Call) -> HangUpResult:
    """End a call in any state; one that has ended already (422 with 90018) is done."""
    if "call_control_id" not in call.carrier_ids:
        return HangUpResult.NOT_FOUND
    try:
        await rest.command(control_id(call), "hangup", {})
    except CarrierRefused as refused:
        if refused.status != 404:
            raise
        return HangUpResult.NOT_FOUND
    return HangUpResult.DONE


async def find(rest: Rest, ids: Mapping[str, str]) -> CallLookup:
    """Alive or over. Telnyx calls a dial that nobody has answered not alive, without an end."""
    if "call_control_id" not in ids:
        return CallLookup(found=Found.CANNOT_TELL)
    try:
        seen = await rest.get(f"/v2/calls/{quote(ids['call_control_id'], safe='')}")
    except CarrierRefused as refused:
        if refused.status != 404 and refused.code != CALL_OVER:
            raise
        return CallLookup(found=Found.NOT_FOUND)
    known = {name: seen[name] for name in IDS if isinstance(seen.get(name), str)}
    if seen.get("is_alive") is True or not seen.get("end_time"):
        alive = Found.LIVE if seen.get("is_alive") is True else Found.CANNOT_TELL
        return CallLookup(found=alive, carrier_ids=known, answered=alive is Found.LIVE)
    return CallLookup(found=Found.ENDED, carrier_ids=known, ended=_ended(seen, known))


def _ended(seen: Mapping[str, Any], ids: Mapping[str, str]) -> LegEnded:
    """A look-up tells how long a call was, not why it ended."""
    length = seen.get("call_duration")
    seconds = length if isinstance(length, int) else 0
    return LegEnded(
        key=f"found-ended:{ids.get('call_leg_id')}",
        carrier_ids=ids,
        status=CallStatus.COMPLETED if seconds else CallStatus.FAILED,
        duration=seconds or None,
    )


async def fetch_recording(rest: Rest, name: str) -> Download:
    """A fresh link: those of webhooks are good for 10 minutes, and carry their own proof."""
    leg, _, started = name.partition("@")
    found = await rest.get(f"/v2/recordings?filter[call_leg_id]={quote(leg)}")
    urls = [_url(one) for one in found.get("data") or () if _begun(one) == started]
    url = next((one for one in urls if isinstance(one, str)), None)
    if url is None:
        raise CarrierRefused(NAME, f"there is no recording {name}", status=404)
    return Download(url=url, hosts=frozenset({urlsplit(url).netloc}))


def _begun(kept: Any) -> object:
    return kept.get("recording_started_at") if isinstance(kept, dict) else None


def _url(kept: dict[str, Any]) -> object:
    urls = kept.get("download_urls")
    return urls.get("wav") if isinstance(urls, dict) else None
