"""Who answered: what the carrier has told so far, and what can be heard of a machine's greeting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from linecard.calls import Detection, Machine, MachineKind
from linecard.events import AgentEvent, MachineAnswered
from linecard.media.beep import Beep
from linecard.media.hush import QUIET
from linecard.media.pcm import loudness

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.live.inbox import Inbox
    from linecard.live.voice import Voice

VERDICT_SECONDS = {Machine.OFF: 0.0, Machine.DETECT: 10.0, Machine.WAIT_FOR_BEEP: 40.0}
"""How long the carrier's word is waited for, by what it was asked."""
GREETING_SECONDS = 60.0
"""No greeting is longer; what is said then is said."""
SILENCE_SECONDS = 4.0
"""A machine that says nothing for so long, and has not beeped, records without a beep."""


class Detecting:
    """Of contradicting reports the one that outranks the others stands, and the agent is told of it alone."""

    def __init__(
        self,
        asked: Machine,
        inbox: Inbox,
        voice: Voice,
        clock: Clock,
        report: Callable[[AgentEvent], None],
    ) -> None:
        self.found: Detection | None = None
        self._asked = asked
        self._inbox = inbox
        self._voice = voice
        self._clock = clock
        self._report = report

    @property
    def is_machine(self) -> bool:
        """Whether an answering machine is known to have answered."""
        return self.found is not None and self.found.kind is MachineKind.MACHINE

    def told(self, found: Detection | None) -> None:
        """The carrier's word as the record has it; a repeat is no news."""
        if found is not None and found.outranks(self.found):
            self.found = found
            self._report(MachineAnswered(found.kind, found.word, found.greeting_over))

    async def verdict(self, seconds: float | None) -> Detection | None:
        """What the carrier has found, waited for; None where it says nothing in time. Raises CallOver."""
        limit = VERDICT_SECONDS[self._asked] if seconds is None else seconds
        await self._until(lambda: self.found is not None, limit)
        return self.found

    async def greeting_over(self) -> str:
        """Wait until a machine records; how that is known: `told`, `beep`, `silence` or `waited`.

        The carrier tells it, or the greeting is heard to end. Raises CallOver.
        """
        ear = _Greeting((await self._voice.stream()).rate)
        self._inbox.ears.append(ear.hear)
        try:
            await self._until(lambda: ear.ended or self._is_told_over(), GREETING_SECONDS)
        finally:
            self._inbox.ears.remove(ear.hear)
        return ear.ended or ("told" if self._is_told_over() else "waited")

    def _is_told_over(self) -> bool:
        return self.found is not None and self.found.greeting_over

    async def _until(self, fits: Callable[[], object], seconds: float) -> None:
        """Wait for something, or the call's end. Raises CallOver."""
        voice = self._voice
        with suppress(TimeoutError):
            async with self._clock.timeout(seconds):
                await self._inbox.changes.until(lambda: fits() or voice.over is not None)
        voice.check()


class _Greeting:
    """A machine's greeting, as it is heard."""

    def __init__(self, rate: int) -> None:
        self.ended = ""
        self._beep = Beep(rate)
        self._silence = round(SILENCE_SECONDS * rate) * 2
        self._silent = 0

    def hear(self, pcm: bytes) -> None:
        """More of it."""
        if self._beep.heard(pcm):
            self.ended = self.ended or "beep"
        self._silent = self._silent + len(pcm) if loudness(pcm[: len(pcm) & ~1]) < QUIET else 0
        if self._silent >= self._silence:
            self.ended = self.ended or "silence"
