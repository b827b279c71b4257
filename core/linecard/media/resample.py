"""Changing the sample rate of a running stream: libsamplerate's sinc filter, no aliases, no jitter."""

from __future__ import annotations

from linecard.media.formats import FRAME_MS


class Resampler:
    """One direction of one stream: a 20 ms frame in gives a 20 ms frame out, every time.

    What comes out lags by about 6 ms. Made only where rates differ: it loads numpy and samplerate.
    """

    def __init__(self, source: int, target: int) -> None:
        import numpy as np
        import samplerate

        self._np = np
        self._filter = samplerate.Resampler("sinc_medium", channels=1)
        self._ratio = target / source
        self._silence = bytes(source * FRAME_MS // 1000 * 2)
        self._prime()

    def process(self, pcm: bytes) -> bytes:
        """Whole samples of int16 little-endian mono PCM, at the other rate."""
        if not pcm:
            return b""
        np = self._np
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        changed = self._filter.process(samples, self._ratio)
        out: bytes = np.clip(np.rint(changed), -32768, 32767).astype("<i2").tobytes()
        return out

    def drain(self) -> bytes:
        """A frame that ends with silence: the last of what was put in comes out with it."""
        return self.process(self._silence)

    def reset(self) -> None:
        """Forget what was put in."""
        self._filter.reset()
        self._prime()

    def _prime(self) -> None:
        """The filter keeps some 6 ms of its first frame; let that be silence."""
        self.drain()
