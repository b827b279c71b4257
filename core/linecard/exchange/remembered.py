"""What is remembered of a call while it waits, and forgotten once it asks no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

REMEMBERED_SECONDS = 120.0
"""Beyond the pause of a document that waits: who has not asked again by then has hung up."""

Value = TypeVar("Value")


@dataclass(slots=True)
class Remembered(Generic[Value]):
    """Values by name; `now` is of the calls' clock."""

    _values: dict[str, tuple[Value, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._values)

    def put(self, name: str, value: Value, now: float) -> None:
        """Remember it, and forget whatever was last put too long ago."""
        self._values.pop(name, None)
        self._values[name] = value, now
        self._forget(now - REMEMBERED_SECONDS)

    def get(self, name: str) -> Value | None:
        """What was put last."""
        value, _ = self._values.get(name, (None, 0.0))
        return value

    def drop(self, name: str) -> None:
        """Forget it now."""
        self._values.pop(name, None)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()

    def _forget(self, before: float) -> None:
        """The oldest stand first."""
        while self._values:
            name = next(iter(self._values))
            if self._values[name][1] >= before:
                return
            del self._values[name]
