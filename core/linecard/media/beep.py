"""The beep of an answering machine: one steady tone, and then nothing of it."""

from __future__ import annotations

WINDOW_SECONDS = 0.04
LOUD = 330.0
"""The root mean square below which a window is no beep: -40 dB of full scale."""
LOWEST_HERTZ, HIGHEST_HERTZ = 350.0, 2000.0
"""Beeps lie between; mains hum lies below, and the 2,100 Hz of a fax above."""
PURE = 0.9
"""The share of a window's energy in one tone. Of a voice, whose harmonics share it, no vowel comes near."""
SHORTEST_SECONDS, LONGEST_SECONDS = 0.12, 2.5


class Beep:
    """Listens for a beep in PCM (int16 little-endian mono at `rate`), in windows of 40 ms.

    It is over with the first window that is not the tone any more. A tone that goes on for longer than
    any beep is none.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._window = round(WINDOW_SECONDS * rate) * 2
        self._waiting = b""
        self._pitch: int | None = None
        self._windows = 0

    def heard(self, pcm: bytes) -> bool:
        """More of the sound; whether a beep has just ended in it."""
        self._waiting += pcm
        ended = False
        while len(self._waiting) >= self._window:
            window, self._waiting = self._waiting[: self._window], self._waiting[self._window :]
            ended = self._follow(self._tone(window)) or ended
        return ended

    def _follow(self, pitch: int | None) -> bool:
        """One window's tone, in bins; whether the tone before it was a beep."""
        before = self._pitch
        if pitch is not None and before is not None and abs(pitch - before) <= 1:
            self._windows += 1
            return False
        lasted, self._windows = self._windows * WINDOW_SECONDS, int(pitch is not None)
        self._pitch = pitch
        return pitch is None and SHORTEST_SECONDS <= lasted <= LONGEST_SECONDS

    def _tone(self, window: bytes) -> int | None:
        """The bin of the one tone that a window is made of, or None."""
        import numpy as np

        sound = np.frombuffer(window, "<i2").astype(float)
        if np.sqrt(np.mean(sound**2)) < LOUD:
            return None
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        bin_hertz = self._rate / len(sound)
        peak = int(np.argmax(power))
        share = float(power[max(0, peak - 2) : peak + 3].sum() / power.sum())
        fits = LOWEST_HERTZ <= peak * bin_hertz <= HIGHEST_HERTZ
        return peak if fits and share >= PURE else None
