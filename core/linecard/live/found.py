"""What the streams of a call find, on their way to its record."""

from __future__ import annotations

from collections.abc import Callable

ONCE = frozenset({"enhancer-failed"})
"""Told once in a call, though every further stream finds it again."""


class Found:
    """Passes facts on to `note`, all but those that it has told and that are told once."""

    def __init__(self, note: Callable[[str, dict[str, object]], None]) -> None:
        self._note = note
        self._told: set[str] = set()

    def note(self, name: str, facts: dict[str, object]) -> None:
        """A fact of one stream."""
        if name in self._told:
            return
        if name in ONCE:
            self._told.add(name)
        self._note(name, facts)
