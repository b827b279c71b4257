"""Recordings: the tape, the file, the callback and the object of Plivo's recording API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linecard.simulator.handset import plain
from linecard.simulator.ledger import What
from linecard.simulator.tape import Tape
from linecard_plivo.simulator.answering import live_line
from linecard_plivo.simulator.documents import notify
from linecard_plivo.simulator.fields import Fields, offset_time

if TYPE_CHECKING:
    from linecard_plivo.simulator.calls import Address, Call
    from linecard_plivo.simulator.switch import Switch

REST_WORDS = (
    "api_id",
    "record_url",
    "call_uuid",
    "recording_id",
    "recording_duration",
    "recording_duration_ms",
    "recording_start_ms",
    "recording_end_ms",
)
XML_WORDS = {
    "record_url": "RecordUrl",
    "recording_id": "RecordingID",
    "recording_duration": "RecordingDuration",
    "recording_duration_ms": "RecordingDurationMs",
    "recording_start_ms": "RecordingStartMs",
    "recording_end_ms": "RecordingEndMs",
}
"""The same facts in a callback asked for by REST, and by a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrder:
    """What was asked for; `is_rest` decides the callback's words. Seconds."""

    limit: float
    file_format: str
    channels: str
    callback: Address | None
    is_rest: bool


@dataclass(slots=True, eq=False, kw_only=True)
class Recording:
    """One recording of one call. Its file is a WAV whatever the address ends in: nothing here
    writes MP3."""

    id: str
    call: Call
    order: RecordingOrder
    tape: Tape
    url: str
    started_at: float
    ended_at: float | None = None
    is_ready: bool = False
    digits: str = ""

    def wav(self) -> bytes:
        """The file: mono, or stereo with the first leg on the left."""
        return self.tape.wav(stereo=self.order.channels == "stereo")


def start_recording(switch: Switch, call: Call, order: RecordingOrder) -> Recording:
    """Record a live call from now on."""
    key = switch.ids.uuid()
    prefix = f"{switch.url}/v1/Account/{switch.credentials.auth_id}/Recording"
    recording = Recording(
        id=key,
        call=call,
        order=order,
        tape=Tape(order.limit, lambda: stop_recording(switch, recording, "time limit")),
        url=f"{prefix}/{key}.{order.file_format}",
        started_at=switch.clock.unix(),
    )
    live_line(call).taps.append(recording.tape)
    call.recordings.append(recording)
    switch.recordings[key] = recording
    switch.ledger.write(
        What.RECORDING_STARTED, call.uuid, recording=key, limit=order.limit, rest=order.is_rest
    )
    return recording


def stop_recording(switch: Switch, recording: Recording, why: str) -> None:
    """End a recording, once; its file and its callback come a little later."""
    if recording.ended_at is not None:
        return
    call = recording.call
    live_line(call).untap(recording.tape)
    recording.ended_at = switch.clock.unix()
    seconds = round(recording.tape.seconds, 2)
    switch.ledger.write(
        What.RECORDING_STOPPED, call.uuid, recording=recording.id, why=why, seconds=seconds
    )
    switch.tasks.start(_make_ready(switch, recording), "recording")


def stop_all(switch: Switch, call: Call, why: str) -> None:
    """End every recording of a call."""
    for recording in call.recordings:
        stop_recording(switch, recording, why)


async def _make_ready(switch: Switch, recording: Recording) -> None:
    late = switch.faults.seconds if switch.faults.happens("recording_late") else 0
    await switch.clock.sleep(switch.quirks.recording_delay + late)
    recording.is_ready = True
    if switch.faults.happens("recording_lost"):
        return
    times = 2 if switch.faults.happens("recording_twice") else 1
    for _ in range(times):
        fields = callback_fields(switch, recording)
        notify(switch, recording.call, recording.order.callback, "recording", fields)


def callback_fields(switch: Switch, recording: Recording, *, is_early: bool = False) -> Fields:
    """The callback's fields in the words of who asked; an early one has durations of -1."""
    facts = _facts(switch, recording)
    if is_early:
        lengths = ("recording_duration", "recording_duration_ms", "recording_end_ms")
        facts |= dict.fromkeys(lengths, "-1")
    if recording.order.is_rest:
        return tuple((name, facts[name]) for name in REST_WORDS)
    named = tuple((theirs, facts[name]) for name, theirs in XML_WORDS.items())
    return (*named, ("Digits", recording.digits)) if recording.digits else named


def _facts(switch: Switch, recording: Recording) -> dict[str, str]:
    seconds = recording.tape.seconds
    start = round(recording.started_at * 1000)
    return {
        "api_id": switch.ids.uuid(),
        "record_url": recording.url,
        "call_uuid": recording.call.uuid,
        "recording_id": recording.id,
        "recording_duration": str(round(seconds)),
        "recording_duration_ms": str(round(seconds * 1000)),
        "recording_start_ms": str(start),
        "recording_end_ms": str(start + round(seconds * 1000)),
    }


def recording_object(switch: Switch, recording: Recording) -> dict[str, object]:
    """The object of GET Recording; its milliseconds are text with a fraction."""
    seconds, call = recording.tape.seconds, recording.call
    start = recording.started_at * 1000
    zone = switch.quirks.time_zone
    return {
        "add_time": offset_time(recording.ended_at, zone, micros=True),
        "call_uuid": call.uuid,
        "conference_name": None,
        "from_number": plain(call.from_),
        "to_number": plain(call.to),
        "recording_id": recording.id,
        "recording_url": recording.url,
        "recording_format": recording.order.file_format,
        "recording_type": "call",
        "recording_duration_ms": f"{seconds * 1000:.5f}",
        "recording_start_ms": f"{start:.5f}",
        "recording_end_ms": f"{start + seconds * 1000:.5f}",
        "rounded_recording_duration": switch.rates.billed(seconds),
        "recording_storage_duration": 0,
        "recording_storage_rate": 0.0004,
        "monthly_recording_storage_amount": 0,
        "resource_uri": f"/v1/Account/{switch.credentials.auth_id}/Recording/{recording.id}/",
    }
