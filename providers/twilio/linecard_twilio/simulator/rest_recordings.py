"""The endpoints of recordings, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from linecard.simulator.ledger import What
from linecard_twilio.simulator.placing import read_recording
from linecard_twilio.simulator.recordings import (
    Recording,
    recording_object,
    start_recording,
    stop_recording,
)
from linecard_twilio.simulator.replies import (
    BAD_VALUE,
    ApiReply,
    ApiRequest,
    Refused,
    check_times,
    in_time,
    missing,
    page,
)
from linecard_twilio.simulator.rest_calls import known_call, live_call

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Call
    from linecard_twilio.simulator.switch import Switch

CURRENT = "Twilio.CURRENT"
STATUSES = ("paused", "in-progress", "stopped")
NOT_ELIGIBLE = 21220


async def record(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls/{sid}/Recordings.json: 21220 while it rings, too. Mono and untrimmed by default."""
    call = live_call(switch, request)
    order = read_recording(request, "StartCallRecordingAPI", "mono", "do-not-trim")
    return ApiReply(201, recording_object(switch, start_recording(switch, call, order)))


async def change_recording(switch: Switch, request: ApiRequest) -> ApiReply:
    """POST Calls/{sid}/Recordings/{RE or Twilio.CURRENT}.json: pause, go on, stop."""
    call = live_call(switch, request)
    recording = _of_call(call, request)
    status = request.word("Status", STATUSES, "")
    behaviour = request.word("PauseBehavior", ("skip", "silence"), "silence")
    if not recording.is_running:
        raise Refused(400, NOT_ELIGIBLE, "Requested resource is not eligible for update.")
    if status == "stopped":
        stop_recording(switch, recording, "API request")
    else:
        recording.pause(wanted=status == "paused", with_silence=behaviour == "silence")
        switch.ledger.write(What.NOTE, call.root, text=f"recording {status}")
    return ApiReply(200, recording_object(switch, recording))


def _of_call(call: Call, request: ApiRequest) -> Recording:
    wanted = request.path["recording"]
    running = [one for one in call.recordings if one.is_running]
    if wanted == CURRENT:
        if len(running) != 1:
            raise missing(request.url)
        return running[0]
    for recording in call.recordings:
        if recording.sid == wanted:
            return recording
    raise missing(request.url)


async def list_recordings(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Recordings.json, newest first; by CallSid, ConferenceSid and DateCreated."""
    check_times(request, "DateCreated")
    found = [one for one in reversed(switch.recordings.values()) if _fits(one, request)]
    return page(request, "recordings", [recording_object(switch, one) for one in found])


def _fits(recording: Recording, request: ApiRequest) -> bool:
    return (
        request.asked("CallSid") in (None, recording.call.sid)
        and request.asked("ConferenceSid") in (None, recording.conference)
        and recording.status != "deleted"
        and in_time(request, "DateCreated", recording.started_at)
    )


async def list_of_call(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Calls/{sid}/Recordings.json."""
    call = known_call(switch, request)
    kept = [one for one in reversed(call.recordings) if one.status != "deleted"]
    return page(request, "recordings", [recording_object(switch, one) for one in kept])


def known_recording(switch: Switch, request: ApiRequest) -> Recording:
    """The recording of the address. Raises Refused (20404)."""
    recording = switch.recordings.get(request.path["recording"])
    if recording is None:
        raise missing(request.url)
    return recording


async def get_recording(switch: Switch, request: ApiRequest) -> ApiReply:
    """GET Recordings/{RE}.json, also of one that was deleted: its facts are kept."""
    return ApiReply(200, recording_object(switch, known_recording(switch, request)))


async def delete_recording(switch: Switch, request: ApiRequest) -> ApiReply:
    """DELETE Recordings/{RE}.json: 204; not while it runs."""
    recording = known_recording(switch, request)
    if recording.is_running:
        raise Refused(400, NOT_ELIGIBLE, "The recording is still in progress")
    if recording.status == "deleted":
        raise missing(request.url)
    recording.status = "deleted"
    switch.ledger.write(What.RECORDING_DELETED, recording.call.root, recording=recording.sid)
    return ApiReply(204)


def media(switch: Switch, name: str, channels: str | None) -> Response:
    """The file `RE….wav`: mono, or with RequestedChannels=2 both sides apart. Raises Refused."""
    sid, _, kind = name.partition(".")
    recording = switch.recordings.get(sid)
    if recording is None or kind not in ("", "wav", "mp3") or not _is_there(switch, recording):
        raise missing(name)
    if channels not in (None, "1", "2"):
        raise Refused(400, BAD_VALUE, "RequestedChannels must be 1 or 2")
    wav = recording.wav(stereo=channels == "2")
    return Response(wav, media_type="audio/x-wav")


def _is_there(switch: Switch, recording: Recording) -> bool:
    ready, quirks = recording.ready_at, switch.quirks
    is_kept = recording.status == "completed" and not quirks.external_storage
    return is_kept and ready is not None and switch.clock.unix() >= ready
