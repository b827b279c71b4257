"""A recording of one line: what its phone said and what it heard."""

from __future__ import annotations

from collections.abc import Callable

from linecard.simulator.sound import FRAME_SECONDS, mix, write_wav


class Tape:
    """Records both sides until `limit` seconds, then calls `is_full` once.

    Paused, it records nothing: not even silence.
    """

    def __init__(self, limit: float, is_full: Callable[[], None]) -> None:
        self.is_paused = False
        self._said = bytearray()
        self._heard = bytearray()
        self._frames_left = round(limit / FRAME_SECONDS)
        self._is_full = is_full

    @property
    def seconds(self) -> float:
        """How much has been recorded."""
        return len(self._said) / 16000

    def take(self, said: bytes, heard: bytes) -> None:
        """Record a frame of both sides."""
        if self.is_paused or not self._frames_left:
            return
        self._said += said
        self._heard += heard
        self._frames_left -= 1
        if not self._frames_left:
            self._is_full()

    def wav(self, *, stereo: bool) -> bytes:
        """The file: mixed to one channel, or the phone left and the carrier's side right."""
        if stereo:
            return write_wav((self._said, self._heard))
        return write_wav((mix((bytes(self._said), bytes(self._heard))),))
