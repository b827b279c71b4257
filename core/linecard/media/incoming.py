"""The caller's audio on its way to the agent: decoded, cleaned, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from linecard.media.hush import Hush
from linecard.media.plausible import Plausibility
from linecard.media.tempo import Tempo

if TYPE_CHECKING:
    from linecard.carrier import Enhancer
    from linecard.events import DigitReceived, MediaReceived
    from linecard.media.formats import AudioFormat
    from linecard.media.listener import StreamListener
    from linecard.media.outgoing import Line

log = structlog.get_logger()

MOST_DIGITS = 100
"""Keys in one second; more than any hand presses, and a bound on what a hostile peer can queue."""


class Incoming:
    """One stream's way in. An enhancer that fails is taken out of the way, once and loudly."""

    __slots__ = (
        "_digits",
        "_enhancer",
        "_expected",
        "_hush",
        "_line",
        "_plausible",
        "_second",
        "_tempo",
        "listener",
    )

    def __init__(self, line: Line, enhancer: Enhancer | None) -> None:
        self.listener: StreamListener | None = None
        self._line = line
        self._enhancer = enhancer
        self._plausible: Plausibility | None = Plausibility(line.codec.format.inbound)
        self._tempo: Tempo | None = Tempo(line.codec.format.inbound)
        self._hush = Hush(line.codec.rate)
        self._expected: int | None = None
        self._second = 0
        self._digits = 0

    def media(self, event: MediaReceived, now: float) -> None:
        """One message of audio."""
        counters = self._line.counters
        counters.frames_in += 1
        counters.last_in = now
        if counters.first_in is None:
            counters.first_in = now
        sequence = event.sequence
        if sequence is not None and sequence == self._expected:
            self._expected = sequence + 1
        elif sequence is not None:
            self._follow(sequence)
        if self._plausible is not None:
            self._check(self._plausible, event.payload)
        if self._tempo is not None:
            self._time(self._tempo, len(event.payload), now)
        if self._line.tap is not None:
            self._line.tap.caller(event.payload, now)
        pcm = self._line.codec.decode(event.payload)
        if self._enhancer is not None:
            pcm = self._enhanced(self._enhancer, pcm)
        if self.listener is None:
            counters.drop("nobody listens")
            return
        self.listener.on_audio(pcm)
        silent = self._hush.heard(pcm)
        if silent is not None:
            self.listener.on_silence(silent)

    def digit(self, event: DigitReceived, now: float) -> None:
        """A key; a flood of them is cut off and counted."""
        if int(now) != self._second:
            self._second, self._digits = int(now), 0
        self._digits += 1
        if self._digits > MOST_DIGITS:
            self._line.counters.drop("too many digits")
        elif self.listener is not None:
            self.listener.on_digit(event.digit)

    def end(self) -> None:
        """Free the enhancer."""
        enhancer, self._enhancer = self._enhancer, None
        if enhancer is not None:
            enhancer.close()

    def _check(self, plausible: Plausibility, payload: bytes) -> None:
        doubt = plausible.heard(payload)
        if plausible.is_done:
            self._plausible = None
        if doubt is None:
            return
        if doubt.really is not None:
            self._believe(doubt.really)
        self._doubt(doubt.reason)

    def _believe(self, inbound: AudioFormat) -> None:
        self._plausible = None
        self._line.codec.believe(inbound)
        if self._line.tap is not None:
            self._line.tap.believe(inbound)

    def _time(self, tempo: Tempo, size: int, now: float) -> None:
        doubt = tempo.heard(size, now)
        if tempo.is_done:
            self._tempo = None
        if doubt is not None:
            self._doubt(doubt)

    def _doubt(self, reason: str) -> None:
        log.warning("the caller's audio is not what was declared", reason=reason)
        self._line.fact("audio-doubtful", {"reason": reason})

    def _follow(self, sequence: int) -> None:
        expected = self._expected
        if expected is not None and sequence < expected:
            self._line.counters.out_of_order += 1
            return
        if expected is not None:
            self._line.counters.gaps += sequence - expected
        self._expected = sequence + 1

    def _enhanced(self, enhancer: Enhancer, pcm: bytes) -> bytes:
        try:
            return enhancer.process(pcm)
        except Exception as error:
            log.exception("the enhancer failed; the call goes on without it")
            self._line.fact("enhancer-failed", {"reason": str(error)})
            self.end()
            return pcm
