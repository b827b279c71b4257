"""Twilio's words in ours: statuses, SIP codes, who answered, what a dial came to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from linecard import CallStatus, Direction, MachineKind, TransferResult

ENDED: Mapping[str, CallStatus] = MappingProxyType(
    {
        "completed": CallStatus.COMPLETED,
        "busy": CallStatus.BUSY,
        "no-answer": CallStatus.NO_ANSWER,
        "failed": CallStatus.FAILED,
        "canceled": CallStatus.CANCELED,
    }
)
"""Twilio's CallStatus, as far as it is an end."""
LIVE = frozenset({"queued", "initiated", "ringing", "in-progress"})
"""The others; `initiated` stands in callbacks alone."""

DECLINED = "603"
SIP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "403": "forbidden",
        "404": "the number does not exist",
        "408": "request timeout",
        "410": "the number is gone",
        "480": "temporarily unavailable",
        "484": "the number is incomplete",
        "486": "busy",
        "487": "given up before the answer",
        "488": "codec not accepted",
        "500": "internal error of the far carrier",
        "502": "bad gateway",
        "503": "service unavailable",
        "600": "busy everywhere",
        "603": "declined",
        "604": "the number exists nowhere",
        "607": "unwanted",
        "608": "rejected by the far carrier",
    }
)
"""Twilio's SipResponseCode (RFC 3261, 8197, 8688); Twilio says more nowhere."""

DIRECTIONS: Mapping[str, Direction] = MappingProxyType(
    {
        "inbound": Direction.INBOUND,
        "trunking-originating": Direction.INBOUND,
        "outbound-api": Direction.OUTBOUND,
        "outbound-dial": Direction.OUTBOUND,
    }
)

MACHINES: Mapping[str, MachineKind] = MappingProxyType(
    {
        "human": MachineKind.HUMAN,
        "machine": MachineKind.MACHINE,
        "machine_start": MachineKind.MACHINE,
        "machine_end_beep": MachineKind.MACHINE,
        "machine_end_silence": MachineKind.MACHINE,
        "machine_end_other": MachineKind.MACHINE,
        "fax": MachineKind.FAX,
        "unknown": MachineKind.UNKNOWN,
    }
)
"""Twilio's AnsweredBy. A Call resource may say `machine` alone ("either human or machine", its page says)
where the callback has told which kind of one."""
GREETING_OVER = frozenset({"machine_end_beep", "machine_end_silence", "machine_end_other"})
"""What DetectMessageEnd says of a machine: it records by then."""

RESULTS: Mapping[str, TransferResult] = MappingProxyType(
    {
        "completed": TransferResult.BRIDGED,
        "answered": TransferResult.BRIDGED,
        "busy": TransferResult.BUSY,
        "no-answer": TransferResult.NO_ANSWER,
        "failed": TransferResult.FAILED,
        "canceled": TransferResult.FAILED,
    }
)
"""Twilio's DialCallStatus; `answered` is a conference's."""

STREAM_STATES: Mapping[str, str] = MappingProxyType(
    {"stream-started": "started", "stream-stopped": "stopped", "stream-error": "failed"}
)

RECORDING_FAULTS: Mapping[str, str] = MappingProxyType(
    {"16101": "too short to be kept", "16102": "nothing but silence"}
)
"""Twilio's ErrorCode of a recording that is absent."""

QUIET_ROOM = frozenset(
    {
        "conference-start",
        "conference-end",
        "participant-leave",
        "participant-modify",
        "participant-mute",
        "participant-unmute",
        "participant-hold",
        "participant-unhold",
    }
)
"""What a room reports that changes nothing for us: the legs' own reports say how they end."""


def end_of(status: str, code: str) -> tuple[CallStatus, str]:
    """Our status of a word that is an end, and the reason: the SIP code's, or Twilio's word."""
    if status == "completed":
        return CallStatus.COMPLETED, status
    reason = SIP_REASONS.get(code, status.replace("-", " "))
    return (CallStatus.REJECTED if code == DECLINED else ENDED[status]), reason
