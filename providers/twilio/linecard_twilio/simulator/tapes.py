"""What Twilio does to a recording's sound: silence in a pause, and silence cut off its ends."""

from __future__ import annotations

import io
import wave

from linecard.simulator.sound import FRAME_BYTES, SILENCE, level
from linecard.simulator.tape import Tape

SILENT_LEVEL = -50.0


class PausingTape(Tape):
    """A tape that can also run on in silence."""

    is_silenced = False

    def take(self, said: bytes, heard: bytes) -> None:
        """Record a frame of both sides, or of silence."""
        if self.is_silenced:
            super().take(SILENCE, SILENCE)
        else:
            super().take(said, heard)


def trimmed(wav: bytes) -> bytes:
    """The file without the silence at its beginning and its end (`trim-silence`)."""
    with wave.open(io.BytesIO(wav), "rb") as file:
        settings, pcm = file.getparams(), file.readframes(file.getnframes())
    step = FRAME_BYTES * settings.nchannels
    loud = [at for at in range(0, len(pcm), step) if level(pcm[at : at + step]) > SILENT_LEVEL]
    kept = pcm[loud[0] : loud[-1] + step] if loud else b""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams(settings)
        file.writeframes(kept)
    return out.getvalue()
