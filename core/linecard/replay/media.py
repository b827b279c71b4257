"""The caller's side of the media streams: what the record has, or as much silence."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linecard.events import MediaReceived, StreamEvent
from linecard.media.codec import SILENCE

if TYPE_CHECKING:
    from linecard.carrier import StreamProtocol
    from linecard.flight.reading import Line
    from linecard.media.formats import StreamProfile

STANDING_IN = "\0silence "
"""Begins what no carrier sends: a frame of which the record holds the size alone."""


def message_of(line: Line) -> str | bytes | None:
    """What the carrier sent; None where the record does not hold it."""
    if line["k"] == "frame":
        number = line.get("number")
        return f"{STANDING_IN}{line['size']} {'' if number is None else number}"
    if "text" in line:
        return str(line["text"])
    return base64.b64decode(line["data"]) if "data" in line else None


class SilentProtocol:
    """A provider's protocol that also takes frames of which only the size is known: as silence."""

    def __init__(self, protocol: StreamProtocol, profile: StreamProfile) -> None:
        self._protocol = protocol
        self._silence = SILENCE[profile.format.inbound.encoding]
        self.play = protocol.play
        self.clear = protocol.clear
        self.mark = protocol.mark
        self.send_digits = protocol.send_digits

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What a message means."""
        if not isinstance(message, str) or not message.startswith(STANDING_IN):
            return self._protocol.receive(message)
        size, _, number = message.removeprefix(STANDING_IN).partition(" ")
        silence = self._silence * (int(size) // len(self._silence))
        return (MediaReceived(silence, int(number) if number else None),)
