"""The `consent` of a number, as the API and linecard.toml write it: what is asked before a call is recorded.

The prompt comes before the agent. Nothing is recorded until it was heard to its end or, with an
`accept_key`, until that key was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from linecard.routing import Message


class OnRefusal(StrEnum):
    """What is done with a caller who presses another key, or none."""

    HANG_UP = "hang-up"
    GO_ON = "go-on"


class Consent(Message):
    """What the caller hears, and the key for yes; without one, to stay on the line is a yes.

    `seconds` is how long the key is waited for after the prompt.
    """

    accept_key: Annotated[str, Field(pattern=r"^[0-9*#]$")] | None = None
    seconds: Annotated[int, Field(strict=True, ge=1, le=60)] = 10
    on_refusal: OnRefusal = OnRefusal.HANG_UP

    @model_validator(mode="after")
    def _is_heard(self) -> Self:
        if self.sound is not None:
            raise ValueError("the prompt is spoken by the carrier: say or play, no sound of ours")
        if (self.say is None) == (self.play is None):
            raise ValueError("a prompt needs one of say and play")
        return self


def read_consent(given: Mapping[str, object]) -> Consent | None:
    """The consent that stands on a number or a call; None where nothing is asked."""
    return Consent.model_validate(given) if given else None
