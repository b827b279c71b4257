"""An agent's voice: it finds its way to the stream of the moment, or waits for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linecard.errors import CallOver
from linecard.live.changes import Changes
from linecard.media.marks import MarkEnd

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.media.session import StreamSession

STREAM_SECONDS = 10.0
"""A call without a stream for so long, and no transfer under way, is over for its agent."""


class Voice:
    """The audio state of one call."""

    __slots__ = (
        "_call_id",
        "_clock",
        "changes",
        "handed_over",
        "over",
        "rooms",
        "session",
        "transferring",
    )

    def __init__(self, call_id: str, clock: Clock) -> None:
        self.changes = Changes()
        self.session: StreamSession | None = None
        self.over: str | None = None
        self.handed_over = False
        self.transferring = False
        self.rooms = 0
        self._call_id = call_id
        self._clock = clock

    def check(self) -> None:
        """Raise CallOver when the call is over, or the caller was handed to somebody."""
        if self.over is not None:
            raise CallOver(self._call_id, self.over)
        if self.handed_over:
            raise CallOver(self._call_id, "the caller was handed over")

    async def stream(self) -> StreamSession:
        """The call's stream; where there is none, up to 10 s beyond a transfer are waited.

        Raises CallOver.
        """
        while True:
            self.check()
            if self.session is not None:
                return self.session
            if self.transferring:
                await self.changes.until(lambda: self._is_found() or not self.transferring)
            else:
                await self._wait_for_stream()

    async def send(self, pcm: bytes) -> None:
        """Queue audio, a second at a time, as there is room for it. Raises CallOver."""
        await self.stream()
        start = 0
        while start < len(pcm):
            session = await self.stream()
            piece = pcm[start : start + 2 * session.rate]
            if session.offer(piece):
                start += len(piece)
            elif session.is_open:
                await self._room(session)

    async def heard(self, limit: float | None = None) -> bool:
        """Whether the caller has heard all that is queued now; False after `limit` seconds at the latest."""
        session = self.session
        if session is None:
            return False
        ends: list[MarkEnd] = []
        session.mark(lambda end: self._ended(ends, end))
        try:
            async with self._clock.timeout(limit):
                await self.changes.until(lambda: ends)
        except TimeoutError:
            return False
        return ends[0] is MarkEnd.HEARD

    def _ended(self, ends: list[MarkEnd], end: MarkEnd) -> None:
        ends.append(end)
        self.changes.tell()

    def _is_found(self) -> bool:
        return self.session is not None or self.over is not None or self.handed_over

    async def _wait_for_stream(self) -> None:
        try:
            async with self._clock.timeout(STREAM_SECONDS):
                await self.changes.until(lambda: self._is_found() or self.transferring)
        except TimeoutError:
            reason = f"no audio stream for {STREAM_SECONDS:g} s"
            raise CallOver(self._call_id, reason) from None

    async def _room(self, session: StreamSession) -> None:
        rooms = self.rooms
        await self.changes.until(lambda: self.rooms != rooms or self.session is not session)
