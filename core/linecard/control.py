"""The one narrow interface between a live call and everything else.

Direct calls in one process; over HTTP where the audio runs in a process of its own.
"""

from __future__ import annotations

from typing import Protocol

from linecard.carrier import TransferStart
from linecard.events import RecordingResult
from linecard.transfers import TransferWish


class Control(Protocol):
    """What a live call may ask. Every method raises CallOver when the call has ended."""

    async def hang_up(self, call_id: str, reason: str) -> None:
        """End the call at the carrier. Done when the carrier has confirmed it or it is gone."""
        ...

    async def transfer(self, call_id: str, wish: TransferWish) -> TransferStart:
        """Ask the carrier to dial the targets; what becomes of the stream once it has accepted.

        Raises GateRefused, UnsupportedByProvider or CarrierError; then nothing has been closed.
        """
        ...

    async def record(
        self, call_id: str, action: str, resume_after: int | None = None
    ) -> RecordingResult:
        """`start`, `stop`, `pause` or `resume` the recording; the result once the carrier confirms it.

        A pause goes on by itself `resume_after` seconds later. Raises UnsupportedByProvider,
        RecordingRefused or CarrierError.
        """
        ...

    async def send_digits(self, call_id: str, digits: str) -> None:
        """Press keys toward the far end through the carrier's API."""
        ...

    async def press_by_document(self, call_id: str, digits: str) -> None:
        """Have the carrier press keys in a document, and open another stream after it.

        Raises UnsupportedByProvider or CarrierError.
        """
        ...

    async def opt_out(self, call_id: str) -> None:
        """Block calls to the other side's number, with the outcome `opted-out`, in one transaction.

        Raises InvalidField for a withheld number.
        """
        ...

    async def note(self, call_id: str, name: str, facts: dict[str, object]) -> None:
        """Write a line on the call's record."""
        ...

    async def set_outcome(self, call_id: str, outcome: str) -> None:
        """Keep the agent's own result of the call."""
        ...

    async def agent_finished(self, call_id: str, reason: str) -> None:
        """The agent is done, `reason` `completed` or `agent_error`: end the call unless it was handed over."""
        ...
