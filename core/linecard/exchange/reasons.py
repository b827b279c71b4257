"""Why we end calls ourselves, in the words that stand on their records."""

from __future__ import annotations

TOO_LONG = "longest length reached"
NO_STREAM = "no audio stream"
NO_AUDIO = "no audio arrived"
STOPPING = "the server is stopping"
AGENT_ERROR = "agent_error"
NOT_CARRIED_OUT = "the carrier did not carry out our answer"
NOT_AGREED = "the caller did not agree to be recorded"
POD_LOST = "pod_lost"
UNCONFIRMED = "the carrier knows no such call"

TELLING = frozenset(
    {
        TOO_LONG,
        NO_STREAM,
        NO_AUDIO,
        STOPPING,
        AGENT_ERROR,
        NOT_CARRIED_OUT,
        NOT_AGREED,
        POD_LOST,
        UNCONFIRMED,
    }
)
"""Those that say more than the carrier's own reason, which is a normal end."""
