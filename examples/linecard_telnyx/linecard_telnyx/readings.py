"""Telnyx's webhooks: one JSON event each. Where a call stands follows from the event and its cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from linecard import CallStatus, CarrierRequest, MachineKind, RequestRefused, TransferResult
from linecard_telnyx.state import State, read_state

CAUSES: Mapping[str, CallStatus] = MappingProxyType(
    {
        "normal_clearing": CallStatus.COMPLETED,
        "time_limit": CallStatus.COMPLETED,
        "originator_cancel": CallStatus.CANCELED,
        "timeout": CallStatus.NO_ANSWER,
        "no_answer": CallStatus.NO_ANSWER,
        "user_busy": CallStatus.BUSY,
        "call_rejected": CallStatus.REJECTED,
        "not_found": CallStatus.FAILED,
        "unspecified": CallStatus.FAILED,
    }
)
"""What became of a leg; a cause that is not here is a failure, and stands on the record as it is."""
TARGETS: Mapping[CallStatus, TransferResult] = MappingProxyType(
    {
        CallStatus.BUSY: TransferResult.BUSY,
        CallStatus.NO_ANSWER: TransferResult.NO_ANSWER,
        CallStatus.REJECTED: TransferResult.DECLINED,
    }
)
"""What became of a transfer whose target has ended; core keeps that it was bridged before."""
MACHINES: Mapping[str, MachineKind] = MappingProxyType(
    {
        "human": MachineKind.HUMAN,
        "human_residence": MachineKind.HUMAN,
        "human_business": MachineKind.HUMAN,
        "machine": MachineKind.MACHINE,
        "fax_detected": MachineKind.FAX,
    }
)
IDS = ("call_control_id", "call_leg_id", "call_session_id")
KNOWN = frozenset(
    [
        "call_control_id",
        "call_leg_id",
        "call_session_id",
        "client_state",
        "connection_id",
        "from",
        "to",
        "direction",
        "state",
        "start_time",
        "end_time",
        "hangup_cause",
        "hangup_source",
        "sip_hangup_cause",
        "call_quality_stats",
        "tags",
        "custom_headers",
        "sip_headers",
        "caller_id_name",
        "connection_codecs",
        "offered_codecs",
        "shaken_stir_attestation",
        "shaken_stir_validated",
        "call_screening_result",
        "stream_url",
        "stream_id",
        "stream_params",
        "stream_type",
        "failure_reason",
        "reason",
        "recording_urls",
        "public_recording_urls",
        "recording_started_at",
        "recording_ended_at",
        "recording_id",
        "channels",
        "result",
        "digit",
        "status",
        "media_url",
        "media_name",
        "overlay",
        "status_detail",
    ]
)


class _Data(msgspec.Struct):
    event_type: str
    id: str
    payload: dict[str, Any] = msgspec.field(default_factory=dict)


class _Envelope(msgspec.Struct):
    data: _Data


@dataclass(frozen=True, slots=True)
class Webhook:
    """One event. `name` has dots alone: Telnyx writes dots and underscores."""

    name: str
    id: str
    payload: Mapping[str, Any]
    request: CarrierRequest
    state: State = field(default_factory=State)

    def text(self, name: str) -> str:
        """A field of the payload; empty where it is not a text."""
        value = self.payload.get(name)
        return value if isinstance(value, str) else ""

    def inner(self, name: str) -> Mapping[str, Any]:
        """An object of the payload; empty where it is none."""
        value = self.payload.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def key(self) -> str:
        """Telnyx's id of the event, which a repeat has too, and the leg's."""
        return f"{self.id}:{self.text('call_leg_id') or self.text('call_control_id')}"

    @property
    def ids(self) -> dict[str, str]:
        """The ids of the leg it speaks of."""
        return {name: self.text(name) for name in IDS if self.text(name)}

    @property
    def unknown(self) -> dict[str, str]:
        """Fields that are not known here."""
        return {name: str(value) for name, value in self.payload.items() if name not in KNOWN}


def read(request: CarrierRequest) -> Webhook:
    """The event of a webhook. Raises RequestRefused (400)."""
    try:
        data = msgspec.json.decode(request.body, type=_Envelope).data
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefused(f"not an event of Telnyx: {error}", status=400) from error
    if not data.id or not data.event_type:
        raise RequestRefused("an event without its id or type", status=400)
    name = data.event_type.replace("_", ".")
    state = read_state(data.payload.get("client_state"))
    return Webhook(name, data.id, data.payload, request, state)


def milliseconds(begun: str, ended: str) -> int | None:
    """How long it was between two moments in ISO 8601; None where one is not there."""
    try:
        length = datetime.fromisoformat(ended) - datetime.fromisoformat(begun)
    except (ValueError, TypeError):
        return None
    return round(length.total_seconds() * 1000)
