"""What one ExoPhone can be set to: the `options` of a registered number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

FlowId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]


@dataclass(frozen=True, slots=True)
class ExotelOptions:
    """Options of a number.

    `flow_id` is the App Bazaar flow that carries calls that go out (the digits in its address at
    Exotel). Without it they go out with the stream's address in the dial, and cannot be transferred.
    """

    flow_id: FlowId | None = None


def read_options(given: Mapping[str, object]) -> ExotelOptions:
    """The options of a number. Raises msgspec.ValidationError for values that were never checked."""
    return msgspec.convert(dict(given), ExotelOptions)
