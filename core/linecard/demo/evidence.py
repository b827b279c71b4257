"""What is known of a call once it is over: our record, the carrier's truth, the phones, the sound."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from linecard.calls import CallStatus
from linecard.demo.line import LineSound
from linecard.demo.report import Recorded, Sound
from linecard.demo.scene import Scene
from linecard.demo.wire import kind_of
from linecard.media.formats import pick_profile
from linecard.simulator.handset import Handset
from linecard.simulator.ledger import Entry, What
from linecard.simulator.playback import Playback
from linecard.webhook import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`call` is our record as the API shows it, `leg` the carrier's id of the call, `phone` the customer's.

    `recording` is the file as our API gave it; empty where it gave none.
    """

    scene: Scene
    call: Mapping[str, Any]
    leg: str
    phone: Handset | None
    sound: Sound | None
    recording: bytes

    @property
    def speed(self) -> float:
        """How much faster than real the call's clock ran."""
        return self.scene.stage.clock.speed

    @property
    def events(self) -> list[str]:
        """The names of the lines on our record."""
        return [event["name"] for event in self.call["events"]]

    @property
    def line(self) -> LineSound:
        """The line of the call's streams; the provider's default where none was opened."""
        stage = self.scene.stage
        started = [one for one in self.call["events"] if one["name"] == "stream-started"]
        name = started[0]["facts"]["profile"] if started else None
        profiles = stage.exchange.plugins.providers[stage.provider].cls.stream_profiles()
        return LineSound.of(pick_profile(profiles, name))

    @property
    def playbacks(self) -> Sequence[Playback]:
        """The carrier's buffers, one for each stream."""
        return self.scene.stage.carrier.playbacks(self.leg)

    def entries(self, what: What, **facts: object) -> list[tuple[float, Entry]]:
        """The ledger's entries of a kind."""
        return self.scene.entries(what, **facts)

    def at(self, what: What, **facts: object) -> float | None:
        """When the first such entry was written, in the story's seconds."""
        return next((at for at, _ in self.entries(what, **facts)), None)

    def webhooks(self, kind: Kind) -> list[Entry]:
        """The webhooks of a kind that we took."""
        return [
            entry
            for _, entry in self.entries(What.WEBHOOK)
            if kind_of(str(entry.facts["url"])) is kind and is_taken(entry)
        ]


def is_taken(webhook: Entry) -> bool:
    """Whether we took a webhook: a redirect is an answer too, where a carrier reads the status alone."""
    status = webhook.facts["status"]
    return isinstance(status, int) and 200 <= status < 400


def unrecorded(from_: str, to: str) -> Mapping[str, Any]:
    """In the place of our record, for a call that we have none of."""
    absent = dict.fromkeys(("end_reason", "duration", "cost", "outcome", "metadata"))
    known = {"id": "", "from": from_, "to": to, "status": CallStatus.UNKNOWN}
    none = {"provider": "", "account": "", "agent": "", "events": [], "recordings": []}
    return {**absent, **known, **none}


async def collect(scene: Scene, call: Mapping[str, Any], leg: str, number: str) -> Evidence:
    """Gather the evidence of a call that is over. `number` is the customer's."""
    handsets = scene.stage.carrier.phones.handsets(number)
    recordings = call["recordings"]
    return Evidence(
        scene=scene,
        call=call,
        leg=leg,
        phone=handsets[-1] if handsets else None,
        sound=read_sound(scene, call["id"]),
        recording=await scene.stage.file(recordings[0]["file"]) if recordings else b"",
    )


def read_sound(scene: Scene, call_id: str) -> Sound | None:
    """What our own session wrote of both sides; None where no stream ever opened."""
    path = scene.stage.sounds / f"{call_id}.wav"
    opened = scene.entries(What.STREAM_OPENED)
    if not opened or not path.is_file() or call_id in scene.stage.exchange.lives:
        return None
    with wave.open(str(path), "rb") as wav:
        sides = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
        rate = wav.getframerate()
    caller, agent = (np.ascontiguousarray(sides[:, side]).tobytes() for side in (0, 1))
    return Sound(opened[0][0], rate, caller, agent)


def read_recording(evidence: Evidence) -> Recorded | None:
    """The carrier's recording as it came through our API; stereo is brought together."""
    started = evidence.at(What.RECORDING_STARTED)
    if started is None or not wav_seconds(evidence.recording):
        return None
    with wave.open(io.BytesIO(evidence.recording), "rb") as wav:
        sides = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
        mono = sides.reshape(-1, wav.getnchannels()).mean(axis=1)
        return Recorded(started, wav.getframerate(), mono.astype("<i2").tobytes())


def wav_seconds(file: bytes) -> float:
    """How long a WAV file plays; 0 for anything else."""
    try:
        with wave.open(io.BytesIO(file), "rb") as wav:
            return wav.getnframes() / wav.getframerate()
    except (wave.Error, EOFError):
        return 0.0
