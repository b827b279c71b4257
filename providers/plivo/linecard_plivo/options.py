"""What one number on Plivo can be set to: the `options` of a registered number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

NoiseLevel = Annotated[int, msgspec.Meta(ge=60, le=100)]


@dataclass(frozen=True, slots=True)
class PlivoOptions:
    """Options of a number.

    `noise_cancellation_level` is 60 to 100 and counts only with `noise_cancellation`; Plivo's own
    default is 85 (Plivo: XML reference, Stream). `recording_channels`: `dual` keeps caller and agent apart.
    """

    noise_cancellation: bool = False
    noise_cancellation_level: NoiseLevel | None = None
    recording_format: Literal["mp3", "wav"] = "wav"
    recording_channels: Literal["dual", "mono"] = "dual"

    @property
    def channel_type(self) -> str:
        """Plivo's word for the channels."""
        return "stereo" if self.recording_channels == "dual" else "mono"


def read_options(given: Mapping[str, object]) -> PlivoOptions:
    """The options of a number. Raises msgspec.ValidationError for values that were never checked."""
    return msgspec.convert(dict(given), PlivoOptions)
