"""What a stream session tells, and whom."""

from __future__ import annotations

from typing import Protocol


class StreamListener(Protocol):
    """Hears of one stream. No method may raise or block; audio comes straight from the socket's read."""

    def on_audio(self, pcm: bytes) -> None:
        """The caller's audio at the agent's rate, one carrier message at a time."""
        ...

    def on_enhanced(self, pcm: bytes, original: bytes) -> None:
        """The same, of a stream with an enhancer, and the message as it came, at the agent's rate too."""
        ...

    def on_digit(self, digit: str, /) -> None:
        """The caller pressed a key."""
        ...

    def on_silence(self, seconds: int, /) -> None:
        """The caller has been silent for so long, by the level of the audio that comes."""
        ...

    def on_room(self) -> None:
        """The outgoing queue takes audio again after it was full."""
        ...

    def on_fact(self, name: str, facts: dict[str, object]) -> None:
        """Something for the call's record: a longer lead, a fault that the carrier reports."""
        ...

    def on_lost(self, reason: str) -> None:
        """The stream is over, by either side; said once, and nothing comes after it."""
        ...


class Nobody:
    """Hears nothing: the listener of a session that no call has attached yet."""

    def on_audio(self, pcm: bytes) -> None:
        """Nothing."""

    def on_enhanced(self, pcm: bytes, original: bytes) -> None:
        """Nothing."""

    def on_digit(self, digit: str) -> None:
        """Nothing."""

    def on_silence(self, seconds: int) -> None:
        """Nothing."""

    def on_room(self) -> None:
        """Nothing."""

    def on_fact(self, name: str, facts: dict[str, object]) -> None:
        """Nothing."""

    def on_lost(self, reason: str) -> None:
        """Nothing."""
