"""One stream's processor: blocks of PCM to the SDK's samples and back."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import structlog

from linecard import LinecardError
from linecard_aic.errors import in_words

log = structlog.get_logger()

FULL = 32768.0
"""int16 as the SDK's samples, which lie between -1 and 1."""


class Processing:
    """Holds the processor until it is closed."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def work(self, block: bytes) -> bytes:
        """One block of int16 samples in, one out. Raises LinecardError that says what to do."""
        samples = np.frombuffer(block, "<i2").astype(np.float32) / np.float32(FULL)
        try:
            made = self._processor.process(samples)
        except Exception as error:
            raise LinecardError(in_words(error)) from error
        whole: bytes = np.rint(np.clip(made * FULL, -FULL, FULL - 1)).astype("<i2").tobytes()
        return whole

    def close(self) -> None:
        """End the session, in a thread: it may take its time, and the event loop must not."""
        threading.Thread(target=self._end, name="aic session", daemon=True).start()

    def _end(self) -> None:
        try:
            self._processor.terminate_session()
        except Exception:
            log.exception("a session of aic could not be ended")
