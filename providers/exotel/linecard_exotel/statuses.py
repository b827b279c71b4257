"""Exotel's words for how a call stands, who ended it, and who answered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import CallStatus, Direction, MachineKind, TransferResult

ENDS: Mapping[str, CallStatus] = MappingProxyType(
    {
        "completed": CallStatus.COMPLETED,
        "failed": CallStatus.FAILED,
        "busy": CallStatus.BUSY,
        "no-answer": CallStatus.NO_ANSWER,
        "canceled": CallStatus.CANCELED,
        "cancelled": CallStatus.CANCELED,
    }
)
"""Exotel's Status, as far as it is an end."""
GOING_ON = frozenset({"queued", "ringing", "in-progress"})
"""`in-progress` is said from the dial on, before anybody has answered."""
DIRECTIONS: Mapping[str, Direction] = MappingProxyType(
    {
        "incoming": Direction.INBOUND,
        "inbound": Direction.INBOUND,
        "outbound": Direction.OUTBOUND,
        "outbound-dial": Direction.OUTBOUND,
        "outbound-api": Direction.OUTBOUND,
    }
)
"""`incoming` in applets, `inbound` in the API."""
ENDED_BY: Mapping[str, str] = MappingProxyType(
    {"user": "caller", "caller": "caller", "bot": "us", "system": "carrier"}
)
"""DisconnectedBy of a stream."""
MACHINES: Mapping[str, MachineKind] = MappingProxyType(
    {
        "human": MachineKind.HUMAN,
        "machine": MachineKind.MACHINE,
        "notsure": MachineKind.UNKNOWN,
    }
)
"""AnsweredBy, told after the call alone; `NA` is no answer to the question."""
RESULTS: Mapping[str, TransferResult] = MappingProxyType(
    {
        "completed": TransferResult.BRIDGED,
        "busy": TransferResult.BUSY,
        "no-answer": TransferResult.NO_ANSWER,
        "failed": TransferResult.FAILED,
        "canceled": TransferResult.FAILED,
        "cancelled": TransferResult.FAILED,
    }
)
"""DialCallStatus, as the result of a transfer."""


def end_of(word: str, seconds: int | None) -> CallStatus:
    """Our status; an end in a word that nobody knows was a call if it lasted at all."""
    known = ENDS.get(word.lower())
    return known or (CallStatus.COMPLETED if seconds else CallStatus.FAILED)


def length_of(word: str, seconds: int | None) -> int | None:
    """How long a call was; one that nobody answered has none, which Exotel writes as 0 or leaves out."""
    return seconds if seconds or end_of(word, seconds) is CallStatus.COMPLETED else None
