"""What a stream counts: nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MOST_REASONS = 64


@dataclass(slots=True)
class Counters:
    """One stream's figures; times are of the call's clock, None until it happened.

    `underruns`: we were late and the carrier ran dry within speech; `starved`: the agent was.
    `dropped` counts messages by reason, `unsent_ms` audio of the agent that no carrier got.
    """

    frames_in: int = 0
    frames_out: int = 0
    gaps: int = 0
    out_of_order: int = 0
    underruns: int = 0
    starved: int = 0
    padded: int = 0
    lead_raised: int = 0
    marks_unknown: int = 0
    queue_peak_ms: int = 0
    unsent_ms: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    first_in: float | None = None
    last_in: float | None = None
    first_out: float | None = None
    began: float = 0.0

    @property
    def first_audio_ms(self) -> int | None:
        """How long after the stream's beginning its first audio went out; None where none did."""
        return None if self.first_out is None else round((self.first_out - self.began) * 1000)

    def figures(self) -> dict[str, object]:
        """What stands on the call's record when the stream is over."""
        return {
            "frames_in": self.frames_in,
            "frames_out": self.frames_out,
            "underruns": self.underruns,
            "gaps": self.gaps,
            "starved": self.starved,
            "unsent_ms": dict(self.unsent_ms),
            "first_audio_ms": self.first_audio_ms,
            "dropped": dict(self.dropped),
        }

    def drop(self, reason: str) -> None:
        """Count a message that could not be used; the number of reasons is bounded."""
        known = reason in self.dropped or len(self.dropped) < MOST_REASONS
        self.dropped[reason if known else "other"] += 1
