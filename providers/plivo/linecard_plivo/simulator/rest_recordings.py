"""The endpoints of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linecard.simulator.ledger import What
from linecard_plivo.simulator.calls import Address
from linecard_plivo.simulator.documents import is_web_address
from linecard_plivo.simulator.recordings import (
    Recording,
    RecordingOrder,
    recording_object,
    start_recording,
    stop_recording,
)
from linecard_plivo.simulator.replies import ApiReply, ApiRequest, Refused, missing, page, said
from linecard_plivo.simulator.rest_calls import answered_call
from linecard_plivo.simulator.rest_lookups import read_time

if TYPE_CHECKING:
    from linecard_plivo.simulator.switch import Switch

DEFAULT_LIMIT = 60
WEEK = 7 * 86400


async def record(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST /Call/{uuid}/Record/: 404 while it rings; 60 s unless told otherwise."""
    call = answered_call(switch, request)
    if switch.quirks.record_refusals > 0:
        switch.quirks.record_refusals -= 1
        raise missing("call")
    recording = start_recording(switch, call, _order(request))
    return said(
        switch,
        202,
        message="call recording started",
        recording_id=recording.id,
        url=recording.url,
    )


def _order(request: ApiRequest) -> RecordingOrder:
    body = request.body
    callback = body.get("callback_url")
    if callback is not None and not is_web_address(str(callback)):
        raise Refused(400, "callback_url parameter is invalid")
    return RecordingOrder(
        limit=_seconds(body.get("time_limit", DEFAULT_LIMIT)),
        file_format=_word(body, "file_format", ("mp3", "wav")),
        channels=_word(body, "record_channel_type", ("mono", "stereo")),
        callback=Address(callback, body.get("callback_method", "POST")) if callback else None,
        is_rest=True,
    )


def _seconds(value: Any) -> int:
    text = str(value)
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise Refused(400, "time_limit parameter is invalid")
    return int(text)


def _word(body: Any, name: str, words: tuple[str, ...]) -> str:
    value = body.get(name, words[0])
    if value not in words:
        raise Refused(400, f"{name} must be one of {', '.join(words)}")
    return str(value)


async def stop_record(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE /Call/{uuid}/Record/: every recording of the call, or the one of `URL`."""
    call = answered_call(switch, request)
    running = [recording for recording in call.recordings if recording.ended_at is None]
    wanted = request.body.get("URL") or request.query.get("URL")
    chosen = [recording for recording in running if wanted in (None, recording.url)]
    if not chosen:
        raise missing("recording")
    for recording in chosen:
        stop_recording(switch, recording, "API request")
    return ApiReply(204)


def ready_recording(switch: Switch, key: str) -> Recording:
    """A recording whose file is there. Raises Refused (404)."""
    recording = switch.recordings.get(key)
    if recording is None or not recording.is_ready:
        raise missing("recording")
    return recording


async def get_recording(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Recording/{id}/."""
    recording = ready_recording(switch, request.path["id"])
    return said(switch, 200, **recording_object(switch, recording))


async def delete_recording(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE /Recording/{id}/."""
    recording = ready_recording(switch, request.path["id"])
    del switch.recordings[recording.id]
    switch.ledger.write(What.RECORDING_DELETED, recording.call.uuid, recording=recording.id)
    return ApiReply(204)


async def list_recordings(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET /Recording/: the last seven days unless a time is given, newest first."""
    ready = [recording for recording in switch.recordings.values() if recording.is_ready]
    ready.sort(key=lambda recording: recording.started_at, reverse=True)
    fitting = [recording for recording in ready if _fits(switch, recording, request)]
    return page(switch, request, "Recording", [recording_object(switch, one) for one in fitting])


def _fits(switch: Switch, recording: Recording, request: ApiRequest) -> bool:
    query, facts = request.query, recording_object(switch, recording)
    since = query.get("add_time__gte", query.get("add_time__gt"))
    until = query.get("add_time__lte", query.get("add_time__lt"))
    added = recording.ended_at or 0
    oldest = read_time(since) if since else switch.clock.unix() - WEEK
    return (
        all(query[name] == facts[name] for name in SAME if name in query)
        and added >= oldest
        and (until is None or added <= read_time(until))
    )


SAME = ("call_uuid", "from_number", "to_number")
