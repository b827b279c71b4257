"""Says back each sentence once the caller is silent: the callback style."""

from __future__ import annotations

import numpy as np

import linecard

QUIET = 500
PAUSE_FRAMES = 30
LONGEST = 10 * 16000


@linecard.agent(rate=8000)
class Parrot:
    """One for each call. `on_audio` runs inside the socket's read: quick, and never waiting."""

    def __init__(self, call: linecard.LiveCall) -> None:
        self._call = call
        self._heard = bytearray()
        self._silent_frames = 0

    def on_audio(self, pcm: bytes) -> None:
        """Collect a sentence from its first loud frame on; give it back after 0.6 s of silence."""
        is_loud = np.abs(np.frombuffer(pcm, "<i2")).max() >= QUIET
        self._silent_frames = 0 if is_loud else self._silent_frames + 1
        if is_loud or self._heard:
            self._heard += pcm
        if self._heard and (self._silent_frames >= PAUSE_FRAMES or len(self._heard) > LONGEST):
            self._call.send_nowait(bytes(self._heard))
            self._heard.clear()

    def on_digit(self, digit: str) -> None:
        """A key makes it stop talking."""
        self._call.clear()
