"""Where a text names a telephone number, in the ways that carriers and people write it without blanks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import phonenumbers

HIDDEN = "forgotten"
"""What stands in the place of a number."""
SHORTEST_ALONE = 9
"""So many national digits name a number by themselves; fewer need the country's code or a 0 before them."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Finds one number, given in E.164: `+1415...`, `1415...`, `001415...`, `0415...`, `415...`.

    `needle` stands in all of these, for a search that comes first.
    """

    number: str
    needle: str = field(init=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parsed = phonenumbers.parse(self.number, None)
        national = phonenumbers.national_significant_number(parsed)
        code = f"(?:(?:00)?{parsed.country_code})"
        before = f"{code}?0?" if len(national) >= SHORTEST_ALONE else f"(?:{code}0?|0)"
        object.__setattr__(self, "needle", national)
        object.__setattr__(
            self, "_pattern", re.compile(rf"(?<!\d)\+?{before}{national}(?!\d)", re.ASCII)
        )

    def stands_in(self, value: Any) -> bool:
        """Whether a text, or any part of a JSON value, names the number."""
        return bool(self.hidden(value) != value)

    def hidden(self, value: Any) -> Any:
        """The same value with a word in the number's place."""
        if isinstance(value, str):
            return self._pattern.sub(HIDDEN, value)
        if isinstance(value, Mapping):
            return {self.hidden(name): self.hidden(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            parts = [self.hidden(one) for one in value]
            return parts if isinstance(value, list) else tuple(parts)
        if isinstance(value, int) and self._pattern.search(str(value)):
            return HIDDEN
        return value
