"""Recordings: the tape, the file, the callbacks and the object of Twilio's recording API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linecard.simulator.ledger import What
from linecard_twilio.simulator.answering import live_line
from linecard_twilio.simulator.fields import API_VERSION, Fields, rfc2822, rfc2822_or_none
from linecard_twilio.simulator.reporting import notify
from linecard_twilio.simulator.tapes import PausingTape, trimmed

if TYPE_CHECKING:
    from linecard_twilio.simulator.calls import Address, Call
    from linecard_twilio.simulator.switch import Switch

TOO_SHORT = 16101
LONGEST_SECONDS = 86_400.0
EXTERNAL = "https://recordings.bucket.example.com"
"""The account's own storage, where the quirk sets one up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrder:
    """What was asked for. `source` as Twilio names it; `events` of the callback."""

    source: str
    is_dual: bool
    trims: bool
    track: str = "both"
    callback: Address | None = None
    events: frozenset[str] = frozenset({"completed"})
    limit: float = LONGEST_SECONDS


@dataclass(slots=True, eq=False, kw_only=True)
class Recording:
    """One recording of one leg. Its file is a WAV whatever its address ends in: nothing here writes
    MP3. `ready_at`: the moment from which the file is there."""

    sid: str
    call: Call
    order: RecordingOrder
    tape: PausingTape
    url: str
    started_at: float
    conference: str | None = None
    status: str = "in-progress"
    ended_at: float | None = None
    ready_at: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether it can be paused and stopped."""
        return self.status in ("in-progress", "paused")

    @property
    def error(self) -> int | None:
        """Why there is no file."""
        return TOO_SHORT if self.status == "absent" else None

    def pause(self, *, wanted: bool, with_silence: bool) -> None:
        """Pause, leaving silence or nothing, or go on."""
        self.status = "paused" if wanted else "in-progress"
        self.tape.is_silenced = wanted and with_silence
        self.tape.is_paused = wanted and not with_silence

    def wav(self, *, stereo: bool) -> bytes:
        """The file: mono, or the leg on the left and the other side on the right."""
        wav = self.tape.wav(stereo=stereo and self.order.is_dual)
        return trimmed(wav) if self.order.trims else wav


def start_recording(
    switch: Switch, call: Call, order: RecordingOrder, conference: str | None = None
) -> Recording:
    """Record a live leg from now on."""
    sid = switch.ids.sid("RE")
    account = switch.credentials.account_sid
    recording = Recording(
        sid=sid,
        call=call,
        order=order,
        tape=PausingTape(order.limit, lambda: stop_recording(switch, recording, "time limit")),
        url=f"{switch.url}/{API_VERSION}/Accounts/{account}/Recordings/{sid}",
        started_at=switch.clock.unix(),
        conference=conference,
    )
    live_line(call).taps.append(recording.tape)
    call.recordings.append(recording)
    switch.recordings[sid] = recording
    switch.ledger.write(
        What.RECORDING_STARTED, call.root, recording=sid, source=order.source, leg=call.sid
    )
    _tell(switch, recording, "in-progress")
    return recording


def stop_recording(switch: Switch, recording: Recording, why: str) -> None:
    """End a recording, once; its file and its callback come a little later."""
    if not recording.is_running:
        return
    live_line(recording.call).untap(recording.tape)
    recording.status, recording.ended_at = "processing", switch.clock.unix()
    seconds = round(recording.tape.seconds, 2)
    switch.ledger.write(
        What.RECORDING_STOPPED,
        recording.call.root,
        recording=recording.sid,
        why=why,
        seconds=seconds,
    )
    switch.tasks.start(_make_ready(switch, recording), "recording")


def stop_all(switch: Switch, call: Call) -> None:
    """End every recording of a leg that is over."""
    for recording in call.recordings:
        stop_recording(switch, recording, "the call is over")


async def _make_ready(switch: Switch, recording: Recording) -> None:
    late = switch.faults.seconds if switch.faults.happens("recording_late") else 0
    await switch.clock.sleep(switch.quirks.recording_delay + late)
    if recording.status != "processing":
        return
    is_there = recording.tape.seconds >= switch.quirks.shortest_recording
    recording.status = "completed" if is_there else "absent"
    recording.ready_at = switch.clock.unix() + switch.quirks.media_delay if is_there else None
    if switch.faults.happens("recording_lost"):
        return
    for _ in range(2 if switch.faults.happens("recording_twice") else 1):
        _tell(switch, recording, recording.status)


def _tell(switch: Switch, recording: Recording, status: str) -> None:
    """The recording status callback, for the events that were asked for."""
    if status not in recording.order.events:
        return
    fields = _callback_fields(switch, recording, status)
    address = recording.order.callback
    notify(switch, recording.call.root, address, f"recording {status}", fields)


def _callback_fields(switch: Switch, recording: Recording, status: str) -> Fields:
    seconds = recording.tape.seconds if status != "in-progress" else 0
    where = ("ConferenceSid", recording.conference) if recording.conference else None
    return (
        ("AccountSid", switch.credentials.account_sid),
        where or ("CallSid", recording.call.sid),
        ("RecordingSid", recording.sid),
        ("RecordingUrl", recording.url),
        ("RecordingStatus", status),
        ("RecordingDuration", str(round(seconds))),
        ("RecordingChannels", "2" if recording.order.is_dual else "1"),
        ("RecordingStartTime", rfc2822(recording.started_at)),
        ("RecordingSource", recording.order.source),
        ("RecordingTrack", recording.order.track),
        ("ErrorCode", str(recording.error or "")),
    )


def _media_url(switch: Switch, path: str) -> str:
    """With external storage, where it is there; else at Twilio."""
    return f"{EXTERNAL}{path}" if switch.quirks.external_storage else f"{switch.url}{path}"


def recording_object(switch: Switch, recording: Recording) -> dict[str, Any]:
    """The object of the recording API; `duration` is text, and null until it is over."""
    path = f"/{API_VERSION}/Accounts/{switch.credentials.account_sid}/Recordings/{recording.sid}"
    is_over = recording.ended_at is not None
    return {
        "account_sid": switch.credentials.account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call.sid,
        "conference_sid": recording.conference,
        "date_created": rfc2822(recording.started_at),
        "date_updated": rfc2822_or_none(recording.ended_at) or rfc2822(recording.started_at),
        "start_time": rfc2822(recording.started_at),
        "duration": str(round(recording.tape.seconds)) if is_over else None,
        "sid": recording.sid,
        "price": None,
        "price_unit": "USD",
        "status": recording.status,
        "channels": 2 if recording.order.is_dual else 1,
        "source": recording.order.source,
        "track": recording.order.track,
        "error_code": recording.error,
        "uri": f"{path}.json",
        "encryption_details": None,
        "media_url": _media_url(switch, path),
        "subresource_uris": {},
    }
