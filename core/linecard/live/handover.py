"""A transfer as the agent waits for it."""

from __future__ import annotations

import asyncio

from linecard.errors import CallOver
from linecard.events import TransferResult

COMES_BACK_SECONDS = 10.0
"""How long after a failed transfer the caller's new stream may take before the agent is told anyway."""


class Handover:
    """One transfer: bridged, failed with the caller back on a stream, or ended by the call's end."""

    def __init__(self) -> None:
        self._result: asyncio.Future[TransferResult] = asyncio.get_running_loop().create_future()
        self._failed: TransferResult | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """Whether the agent has its answer."""
        return self._result.done()

    def bridged(self) -> None:
        """Caller and target talk."""
        self._settle(TransferResult.BRIDGED)

    def ended(self, result: TransferResult, patience: float) -> None:
        """The dialling is over; after a failure the answer waits for the caller's new stream."""
        if result is TransferResult.BRIDGED:
            self._settle(result)
        elif not self.is_over:
            self._failed = result
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(patience, self._settle, result)

    def stream_is_back(self) -> None:
        """The caller is on a stream again."""
        if self._failed is not None:
            self._settle(self._failed)

    def call_over(self, error: CallOver) -> None:
        """There is nothing left to transfer."""
        if not self.is_over:
            self._result.set_exception(error)
            self._result.exception()

    async def result(self) -> TransferResult:
        """The answer. Raises CallOver when the caller was gone before it came."""
        return await asyncio.shield(self._result)

    def _settle(self, result: TransferResult) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.is_over:
            self._result.set_result(result)
