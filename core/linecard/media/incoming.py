"""The caller's audio on its way to the agent: decoded, enhanced, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from linecard.media.enhancing import Enhancing
from linecard.media.hush import Hush
from linecard.media.plausible import Plausibility
from linecard.media.tempo import Tempo

if TYPE_CHECKING:
    from linecard.enhancing.offers import Enhancer
    from linecard.events import DigitReceived, MediaReceived
    from linecard.media.formats import AudioFormat
    from linecard.media.listener import StreamListener
    from linecard.media.outgoing import Line

log = structlog.get_logger()

ENHANCED = "enhanced"
ENHANCER_FAILED = "enhancer-failed"
MOST_REASON = 300
"""Characters of an enhancer's own words that are kept."""

MOST_DIGITS = 100
"""Keys in one second; more than any hand presses, and a bound on what a hostile peer can queue."""


class Incoming:
    """One stream's way in. An enhancer that fails is taken out of the way, once and loudly.

    Silence is judged by the original sound: an enhancer may make a low voice silent.
    """

    __slots__ = (
        "_digits",
        "_enhancing",
        "_expected",
        "_hush",
        "_line",
        "_plausible",
        "_second",
        "_tempo",
        "listener",
    )

    def __init__(self, line: Line) -> None:
        self.listener: StreamListener | None = None
        self._line = line
        self._enhancing: Enhancing | None = None
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
        if self.listener is None:
            counters.drop("nobody listens")
            return
        if self._enhancing is None:
            self.listener.on_audio(pcm)
        else:
            self._enhanced(self._enhancing, self.listener, event.payload, pcm)
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

    def enhance(self, by: str, enhancer: Enhancer, started_in_ms: float) -> None:
        """Have an enhancer before the agent from the next message on, in the place of any other."""
        self.end()
        self._enhancing = Enhancing(by, enhancer, started_in_ms, self._line.codec)

    def follow(self) -> None:
        """The codec has changed."""
        self._hush = Hush(self._line.codec.rate)
        if self._enhancing is not None:
            self._enhancing.follow(self._line.codec)

    def end(self) -> None:
        """Free the enhancer."""
        enhancing, self._enhancing = self._enhancing, None
        if enhancing is None:
            return
        try:
            enhancing.close()
        except Exception:
            log.exception("the enhancer could not be closed", enhancer=enhancing.by)

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
        self.follow()
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

    def _enhanced(
        self, enhancing: Enhancing, listener: StreamListener, payload: bytes, original: bytes
    ) -> None:
        try:
            pcm = enhancing.heard(payload)
            if not enhancing.is_told:
                enhancing.is_told = True
                self._line.fact(ENHANCED, enhancing.facts())
        except Exception as error:
            log.exception("the enhancer failed; the call goes on without it", enhancer=enhancing.by)
            self.end()
            self._line.fact(ENHANCER_FAILED, {"by": enhancing.by, "reason": reason_of(error)})
            listener.on_audio(original)
            return
        listener.on_enhanced(pcm, original)


def reason_of(error: BaseException) -> str:
    """What went wrong, for the call's record: some errors say nothing but their name."""
    return (str(error) or type(error).__name__)[:MOST_REASON]
