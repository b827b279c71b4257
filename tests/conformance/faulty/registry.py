"""The list of faulty providers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.tin import Tin


@dataclass(frozen=True, slots=True)
class Fault:
    """A provider with one fault, and the check that finds it; `case` changes what its test declares."""

    provider: type
    check: str
    case: dict[str, Any] = field(default_factory=dict)


FAULTS: list[Fault] = []


def caught_by(check: str, **case: Any) -> Callable[[type[Tin]], type[Tin]]:
    """Put a faulty provider on the list."""

    def add(provider: type[Tin]) -> type[Tin]:
        FAULTS.append(Fault(provider, f"test_{check}", case))
        return provider

    return add
