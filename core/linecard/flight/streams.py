"""A media stream's messages, seen where the session reads and writes them: around the provider's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linecard.carrier import StreamProtocol
    from linecard.events import StreamEvent
    from linecard.flight.recorder import Flight


class RecordedProtocol:
    """A provider's stream protocol with a recorder beside it: for each message one more entry in a queue."""

    def __init__(self, protocol: StreamProtocol, flight: Flight, stream: int) -> None:
        self._receive = protocol.receive
        self._play = protocol.play
        self._protocol = protocol
        self._put = flight.put
        self._stream = stream

    def receive(self, message: str | bytes) -> Sequence[StreamEvent]:
        """What the carrier's message means."""
        try:
            events = self._receive(message)
        except Exception:
            self._put("came", (self._stream, message, ()))
            raise
        self._put("came", (self._stream, message, events))
        return events

    def play(self, audio: bytes) -> str | bytes:
        """A message that plays audio."""
        message = self._play(audio)
        self._put("played", (self._stream, message, audio))
        return message

    def clear(self) -> str | bytes | None:
        """A message that empties the carrier's buffer."""
        return self._sent("clear", self._protocol.clear())

    def mark(self, name: str) -> str | bytes | None:
        """A message that asks to be told when all before it has been played."""
        return self._sent("mark", self._protocol.mark(name))

    def send_digits(self, digits: str) -> str | bytes | None:
        """A message that presses keys."""
        return self._sent("digits", self._protocol.send_digits(digits))

    def _sent(self, what: str, message: str | bytes | None) -> str | bytes | None:
        if message is not None:
            self._put("sent", (self._stream, message, what))
        return message
