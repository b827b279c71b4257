"""What a replay has found, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that would be different now. `was` and `now` are lines; empty where there was or is nothing."""

    what: str
    was: Sequence[str]
    now: Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a replay: `compared` says how much of each kind was compared."""

    title: str
    differences: Sequence[Difference]
    compared: Mapping[str, int]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def is_same(self) -> bool:
        """Whether nothing would be different."""
        return not self.differences

    def lines(self) -> Iterator[str]:
        """The report, line by line."""
        yield self.title
        yield "compared: " + ", ".join(f"{count} {what}" for what, count in self.compared.items())
        yield from (f"note: {note}" for note in self.notes)
        for one in self.differences:
            yield ""
            yield one.what
            yield from (f"  - {line}" for line in one.was)
            yield from (f"  + {line}" for line in one.now)
        yield ""
        count = len(self.differences)
        yield "no difference" if not count else f"{count} difference{'s' if count > 1 else ''}"
