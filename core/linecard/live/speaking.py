"""What an agent says: sound toward the caller, and what has been heard of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from linecard.live.done import DONE
from linecard.media.marks import MarkEnd
from linecard.media.wav import load_wav

if TYPE_CHECKING:
    from linecard.live.inbox import Inbox
    from linecard.live.voice import Voice


class Speaking:
    """The part of a running call that is heard. PCM is int16 mono little-endian at `rate`."""

    rate: int
    unsent_ms: int
    _voice: Voice
    _inbox: Inbox

    async def send(self, pcm: bytes) -> None:
        """Play audio after what is queued; waits while 30 s are queued already."""
        await self._voice.send(pcm)

    def send_nowait(self, pcm: bytes) -> None:
        """Play audio after what is queued; what finds no room or no stream is dropped and counted."""
        voice = self._voice
        if voice.over is not None or voice.handed_over:
            voice.check()
        session = voice.session
        if session is None:
            self.unsent_ms += len(pcm) * 500 // self.rate
        else:
            session.queue(pcm)

    async def play(self, sound: bytes | str | Path) -> None:
        """Play PCM, a WAV file, or a WAV file's bytes; returns when it is queued.

        Raises ValueError for what is no PCM WAV, OSError for a file that cannot be read.
        """
        await self._voice.stream()
        await self.send(await self._pcm(sound))

    async def played(self) -> bool:
        """Wait until the caller has heard all that is queued; False when a clear or a lost stream came first."""
        self._voice.check()
        return await self._voice.heard()

    def mark(self, name: str) -> Awaitable[None]:
        """Report MarkReached once the caller has heard what is queued now; may be awaited or not."""
        self._voice.check()
        if self._voice.session is not None:
            self._voice.session.mark(partial(self._mark_ended, name))
        return DONE

    async def until(self, fits: Callable[[], object]) -> None:
        """Wait until something of the call's state fits, which is looked at whenever that changes."""
        await self._voice.changes.until(fits)

    def clear(self) -> Awaitable[None]:
        """Barge-in: the caller hears nothing more of what was queued; may be awaited or not."""
        self._voice.check()
        if self._voice.session is not None:
            self._voice.session.clear()
        return DONE

    def _mark_ended(self, name: str, end: MarkEnd) -> None:
        if end is MarkEnd.HEARD:
            self._inbox.mark(name)

    async def _pcm(self, sound: bytes | str | Path) -> bytes:
        if isinstance(sound, bytes) and not (sound[:4] == b"RIFF" and sound[8:12] == b"WAVE"):
            return sound
        return await asyncio.to_thread(load_wav, sound, self.rate)
