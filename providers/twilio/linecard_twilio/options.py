"""What one number on Twilio can be set to: the `options` of a registered number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

LONGEST_PARAMETER = 499
"""Characters of a parameter's name and value together: fewer than 500 (Twilio: TwiML, Stream)."""
OURS = "call"
"""The one parameter that we send ourselves: our id of the call."""
Name = Annotated[str, msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class TwilioOptions:
    """Options of a number.

    `stream_parameters` are sent along with the stream's opening message, beside our own `call`.
    `recording_channels`: `dual` keeps caller and agent apart. Raises ValueError.
    """

    stream_parameters: dict[Name, str] = field(default_factory=dict)
    recording_channels: Literal["dual", "mono"] = "dual"

    def __post_init__(self) -> None:
        if OURS in self.stream_parameters:
            raise ValueError(f"stream_parameters: {OURS!r} is sent by Linecard itself")
        for name, value in self.stream_parameters.items():
            if len(name) + len(value) > LONGEST_PARAMETER:
                raise ValueError(
                    f"stream_parameters: {name[:40]!r} and its value have more than "
                    f"{LONGEST_PARAMETER} characters"
                )


def read_options(given: Mapping[str, object]) -> TwilioOptions:
    """The options of a number. Raises msgspec.ValidationError for values that were never checked."""
    return msgspec.convert(dict(given), TwilioOptions)
