"""Every hang-up code of Plivo (troubleshooting, hangup causes): our status and the reason in words.

None as the status: the code says why, and Plivo's CallStatus says how the call ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import CallStatus, TransferResult

END_OF_DOCUMENT = "4010"
"""Our document had nothing left to do: the normal end by us, and the sign of a stream that broke."""

_END = CallStatus
HANGUPS: Mapping[str, tuple[CallStatus | None, str]] = MappingProxyType(
    {
        "0": (None, "unknown"),
        "1000": (_END.CANCELED, "cancelled"),
        "1010": (_END.FAILED, "out of credits"),
        "1020": (_END.FAILED, "simultaneous dial limit reached"),
        "2000": (_END.FAILED, "invalid destination address"),
        "2010": (_END.FAILED, "destination out of service"),
        "2020": (_END.FAILED, "endpoint not registered"),
        "2030": (_END.FAILED, "destination country barred"),
        "2040": (_END.FAILED, "destination number barred"),
        "2050": (_END.FAILED, "destination prefix barred"),
        "2060": (_END.FAILED, "loop detected"),
        "2070": (_END.FAILED, "violates media anchoring"),
        "3000": (_END.NO_ANSWER, "no answer"),
        "3010": (_END.BUSY, "busy line"),
        "3020": (_END.REJECTED, "rejected"),
        "3030": (_END.FAILED, "unknown caller id"),
        "3040": (_END.FAILED, "forbidden"),
        "3050": (_END.FAILED, "unallocated number"),
        "3070": (_END.FAILED, "request timeout"),
        "3080": (_END.FAILED, "internal error from carrier"),
        "3090": (_END.FAILED, "network congestion"),
        "3100": (_END.BUSY, "busy everywhere"),
        "3110": (_END.REJECTED, "declined"),
        "3120": (_END.FAILED, "user does not exist anywhere"),
        "3130": (_END.FAILED, "spam block"),
        "3140": (_END.FAILED, "caller id on the do-not-originate list"),
        "4000": (None, "normal hangup"),
        "4010": (_END.COMPLETED, "end of XML instructions"),
        "4020": (_END.COMPLETED, "multiparty call ended"),
        "4030": (_END.COMPLETED, "kicked out of multiparty call"),
        "4240": (_END.FAILED, "SIP authentication failed"),
        "4250": (_END.FAILED, "SIP authentication timed out"),
        "5000": (None, "network error"),
        "5010": (None, "internal error"),
        "5020": (_END.FAILED, "routing error"),
        "5030": (_END.FAILED, "concurrency limit breached"),
        "6000": (_END.COMPLETED, "scheduled hangup"),
        "6010": (_END.NO_ANSWER, "ring timeout reached"),
        "6020": (None, "no media for 60 seconds"),
        "7011": (_END.FAILED, "error reaching answer URL"),
        "7012": (_END.FAILED, "error reaching action URL"),
        "7013": (_END.FAILED, "error reaching transfer URL"),
        "7014": (_END.FAILED, "error reaching redirect URL"),
        "7022": (_END.FAILED, "invalid action URL"),
        "7023": (_END.FAILED, "invalid transfer URL"),
        "7024": (_END.FAILED, "invalid redirect URL"),
        "7032": (_END.FAILED, "invalid method for action URL"),
        "7033": (_END.FAILED, "invalid method for transfer URL"),
        "7034": (_END.FAILED, "invalid method for redirect URL"),
        "8011": (_END.FAILED, "invalid answer XML"),
        "8012": (_END.FAILED, "invalid action XML"),
        "8013": (_END.FAILED, "invalid transfer XML"),
        "8014": (_END.FAILED, "invalid redirect XML"),
        "9000": (_END.CANCELED, "another target answered first"),
        "9100": (_END.COMPLETED, "machine detected"),
        "9110": (_END.REJECTED, "confirm key challenge failed"),
    }
)

STATUSES: Mapping[str, CallStatus] = MappingProxyType(
    {
        "completed": _END.COMPLETED,
        "busy": _END.BUSY,
        "failed": _END.FAILED,
        "timeout": _END.NO_ANSWER,
        "no-answer": _END.NO_ANSWER,
        "cancel": _END.CANCELED,
    }
)
"""Plivo's CallStatus and DialStatus, as far as they are ends."""

RESULTS: Mapping[CallStatus, TransferResult] = MappingProxyType(
    {
        _END.COMPLETED: TransferResult.BRIDGED,
        _END.BUSY: TransferResult.BUSY,
        _END.NO_ANSWER: TransferResult.NO_ANSWER,
        _END.REJECTED: TransferResult.DECLINED,
    }
)
"""What the end of a dialled leg means for the transfer; any other is a failure."""

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "Caller": "caller",
        "Callee": "callee",
        "Call recipient": "callee",
        "Plivo": "carrier",
        "Carrier": "carrier",
        "API Request": "us",
        "Answer XML": "us",
        "Error": "error",
    }
)
"""Plivo's HangupSource: who ended the call."""


def end_of(code: str, status: str, seconds: int | None) -> tuple[CallStatus, str]:
    """Our status and the reason; an end in words that nobody knows was a call if it lasted at all."""
    decided, reason = HANGUPS.get(code, (None, ""))
    if decided is None:
        decided = STATUSES.get(status)
    return decided or (CallStatus.COMPLETED if seconds else CallStatus.FAILED), reason
