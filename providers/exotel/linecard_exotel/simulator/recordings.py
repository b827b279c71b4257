"""Recordings: the tape, and the file that appears some time after the call."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linecard.simulator.ledger import What
from linecard.simulator.tape import Tape
from linecard_exotel.simulator.answering import live_line

if TYPE_CHECKING:
    from linecard_exotel.simulator.calls import Call
    from linecard_exotel.simulator.switch import Switch

LONGEST = 14400.0
NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrder:
    """What was asked for: `single` or `dual`."""

    channels: str = "single"


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

    def wav(self) -> bytes:
        """The file: mono, or with the customer on the left."""
        return self.tape.wav(stereo=self.order.channels == "dual")


def start_recording(switch: Switch, call: Call, order: RecordingOrder) -> Recording:
    """Record a live call from now on."""
    key = switch.ids.sid()
    recording = Recording(
        id=key,
        call=call,
        order=order,
        tape=Tape(LONGEST, lambda: stop_recording(switch, recording, "time limit")),
        url=f"{switch.url}/exotelrecordings/{switch.credentials.sid}/{key}.mp3",
        started_at=switch.clock.unix(),
    )
    live_line(call).taps.append(recording.tape)
    call.recordings.append(recording)
    switch.recordings[key] = recording
    switch.ledger.write(
        What.RECORDING_STARTED, call.sid, recording=key, channels=order.channels, limit=LONGEST
    )
    return recording


def stop_recording(switch: Switch, recording: Recording, why: str) -> None:
    """End a recording, once; its file comes later."""
    if recording.ended_at is not None:
        return
    call = recording.call
    live_line(call).untap(recording.tape)
    recording.ended_at = switch.clock.unix()
    seconds = round(recording.tape.seconds, 2)
    switch.ledger.write(
        What.RECORDING_STOPPED, call.sid, recording=recording.id, why=why, seconds=seconds
    )
    switch.tasks.start(_make_ready(switch, recording), "recording")


async def _make_ready(switch: Switch, recording: Recording) -> None:
    late = switch.faults.seconds if switch.faults.happens("recording_late") else 0
    await switch.clock.sleep(switch.quirks.recording_delay + late)
    recording.is_ready = not switch.faults.happens("recording_lost")


def told_url(switch: Switch, recording: Recording | None) -> str:
    """The address that reports may name; empty while they are silent about it."""
    tells = recording is not None and switch.quirks.recording_url == "callback"
    return recording.url if recording is not None and tells else ""


def looked_up_url(switch: Switch, call: Call) -> str | None:
    """The address that the call's details name, once the file is there."""
    ready = [recording.url for recording in call.recordings if recording.is_ready]
    return ready[0] if ready and switch.quirks.recording_url != NEVER else None


def seal(switch: Switch, key: str, expires: int) -> str:
    """The signature of a presigned address."""
    text = f"{key}:{expires}".encode()
    digest = hmac.digest(switch.credentials.api_token.encode(), text, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def presigned(switch: Switch, url: str, minutes: int) -> str:
    """An address that needs no credentials for some minutes."""
    key = url.rpartition("/")[2].removesuffix(".mp3")
    expires = int(switch.clock.unix() + minutes * 60)
    return f"{url}?Expires={expires}&Signature={seal(switch, key, expires)}"
