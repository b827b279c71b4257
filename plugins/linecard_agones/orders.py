"""What the allocator is asked for: one game server of the fleet that is Ready, marked with its call."""

from __future__ import annotations

from typing import Any

from linecard import Call, Direction
from linecard_agones.settings import AllocatorSettings

CALL_LABEL = "linecard/call"
"""The label of a game server that names its call."""
UNUSED_ANNOTATION = "linecard/unused-seconds"
"""Tells a pod how long it may be allocated before somebody comes."""
UNUSED_SECONDS = 30
"""How long a pod waits for its caller once it could come."""


def order(settings: AllocatorSettings, call: Call) -> dict[str, Any]:
    """The allocator's AllocationRequest."""
    return {
        "namespace": settings.namespace,
        "gameServerSelectors": [
            {"matchLabels": {"agones.dev/fleet": settings.fleet}, "gameServerState": "READY"}
        ],
        "scheduling": "Packed",
        "metadata": {
            "labels": {CALL_LABEL: call.id},
            "annotations": {UNUSED_ANNOTATION: str(unused_seconds(call))},
        },
    }


def unused_seconds(call: Call) -> int:
    """How long the call's pod may wait: 30 s, and as long before as the telephone may ring.

    A pod is asked for while an outbound call rings, so that its answer need not wait.
    """
    rings = call.direction is Direction.OUTBOUND and call.answered_at is None
    return UNUSED_SECONDS + (call.ring_seconds if rings else 0)
