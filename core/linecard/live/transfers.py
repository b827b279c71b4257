"""Transfers as the live call goes through them: asked for, the stream left, the result waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from linecard.carrier import TransferStart
from linecard.errors import CallOver, Conflict
from linecard.events import TransferResult

if TYPE_CHECKING:
    from linecard.clock import Clock
    from linecard.control import Control
    from linecard.live.voice import Voice
    from linecard.transfers import TransferWish

FLUSH_SECONDS = 3.0
BACK_SECONDS = 10.0
"""After busy and the like the caller comes back on a new stream; so long it is waited for."""
KEY_SECONDS = 0.5
"""What a carrier may take for each key that it presses in a document."""
REPORT_SECONDS = 2.0
"""A caller who is back without a result: so long it may still come, then it is `failed`."""


class Transfers:
    """One transfer at a time."""

    def __init__(self, call_id: str, control: Control, voice: Voice, clock: Clock) -> None:
        self._call_id = call_id
        self._control = control
        self._voice = voice
        self._clock = clock
        self._result: TransferResult | None = None
        self._start = TransferStart.DOCUMENT_AFTER_STREAM

    async def ask(self, wish: TransferWish) -> None:
        """Ask the carrier. Whatever it raises, nothing has been closed; Conflict for a second transfer."""
        self._voice.check()
        if self._voice.transferring:
            raise Conflict(f"call {self._call_id} is being transferred already")
        self._voice.transferring, self._result = True, None
        try:
            self._start = await self._control.transfer(self._call_id, wish)
        except BaseException:
            self._settle()
            raise

    async def go_through(self) -> TransferResult:
        """From the carrier's yes to the result. Raises CallOver when the caller hangs up before it.

        The caller hears what is queued, 3 s of it at most; then our stream ends, since the carrier
        may hold the dialling until it has. Where the target is rung first, the stream goes on.
        """
        try:
            if self._start is TransferStart.STREAM_STAYS:
                await self._changed(lambda: self._result)
            else:
                await self._leave_stream()
            return await self._outcome()
        finally:
            self._settle()

    async def leave_stream(self) -> None:
        """The caller goes: what is queued is heard, 3 s of it at most, and our stream ends."""
        await self.flush()
        session = self._voice.session
        if session is not None and self._result in (None, TransferResult.BRIDGED):
            session.close("transfer")

    async def flush(self) -> None:
        """Wait until the caller has heard what is queued now, at most 3 s."""
        await self._voice.heard(FLUSH_SECONDS)

    async def _leave_stream(self) -> None:
        await self.leave_stream()
        await self._changed(lambda: self._result or self._voice.session)
        if self._result is None and self._voice.over is None:
            await self._wait(REPORT_SECONDS, lambda: self._result)

    async def press_by_document(self, keys: str) -> None:
        """Have the carrier press keys in a document: our stream ends for it, and another one follows.

        Raises Conflict during a transfer, UnsupportedByProvider or CarrierError; then nothing has changed.
        """
        self._voice.check()
        if self._voice.transferring:
            raise Conflict(f"call {self._call_id} is being transferred")
        await self.flush()
        left, self._voice.transferring = self._voice.session, True
        try:
            await self._control.press_by_document(self._call_id, keys)
            limit = BACK_SECONDS + len(keys) * KEY_SECONDS
            await self._wait(limit, lambda: self._voice.session not in (None, left))
        finally:
            self._settle()
        self._voice.check()

    def ended(self, result: TransferResult) -> bool:
        """The exchange reports a result; False when no transfer is waiting for one."""
        if not self._voice.transferring:
            return False
        self._result = result
        self._voice.handed_over = result is TransferResult.BRIDGED
        self._voice.changes.tell()
        return True

    async def _outcome(self) -> TransferResult:
        voice = self._voice
        result = self._result or TransferResult.FAILED
        if result is TransferResult.BRIDGED:
            return result
        await self._wait(BACK_SECONDS, lambda: voice.session or voice.handed_over)
        if voice.over is not None:
            raise CallOver(self._call_id, voice.over)
        return TransferResult.BRIDGED if voice.handed_over else result

    async def _changed(self, fits: Callable[[], object]) -> None:
        await self._voice.changes.until(lambda: self._voice.over is not None or fits())

    async def _wait(self, seconds: float, fits: Callable[[], object]) -> None:
        """Wait some seconds for something, or the call's end."""
        voice = self._voice
        with suppress(TimeoutError):
            async with self._clock.timeout(seconds):
                await voice.changes.until(lambda: voice.over is not None or fits())

    def _settle(self) -> None:
        self._voice.transferring = False
        self._voice.changes.tell()


def several(to: str | Sequence[str]) -> tuple[str, ...]:
    """One target, or some, as a tuple."""
    return (to,) if isinstance(to, str) else tuple(to)
