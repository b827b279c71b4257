"""Frames in their order again: Telnyx numbers them, and does not promise to send them so."""

from __future__ import annotations

from collections.abc import Sequence

MOST_HELD = 3
"""Frames that wait for an earlier one: 60 ms. After that it is lost, and they go on without it."""


class InOrder:
    """Gives frames back by their number; what comes after its turn is of no use."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, bytes] = {}

    def put(self, number: int, audio: bytes) -> Sequence[tuple[int, bytes]] | None:
        """The frames whose turn it is now; None where this one is late, or there already."""
        if self._next is None:
            self._next = number
        if number < self._next or number in self._held:
            return None
        self._held[number] = audio
        if self._next not in self._held and len(self._held) > MOST_HELD:
            self._next = min(self._held)
        return list(self._ready())

    def _ready(self) -> Sequence[tuple[int, bytes]]:
        ready = []
        while self._next in self._held:
            ready.append((self._next, self._held.pop(self._next)))
            self._next += 1
        return ready
