"""How an XML document's elements are described: attributes with kind and default, and children."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Kind = Callable[[str], Any]
"""Reads an attribute's text; raises ValueError when it is not of the kind."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: how it is read, and its value where it is left out."""

    kind: Kind
    default: Any = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One element. `needs_text`: it means nothing without a text."""

    attributes: Mapping[str, Attribute]
    children: frozenset[str] = frozenset()
    needs_text: bool = False
    takes_markup: bool = False


def text(value: str) -> str:
    """Any text."""
    return value


def boolean(value: str) -> bool:
    """`true` or `false`, lower-case only."""
    if value not in ("true", "false"):
        raise ValueError("neither true nor false")
    return value == "true"


def whole(least: int, most: int) -> Kind:
    """A whole number within bounds."""

    def read(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not least <= int(value) <= most:
            raise ValueError(f"not a whole number from {least} to {most}")
        return int(value)

    return read


def one_of(*words: str) -> Kind:
    """One word of a list."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"not one of {', '.join(words)}")
        return value

    return read


def at_most(length: int) -> Kind:
    """A text of limited length."""

    def read(value: str) -> str:
        if len(value) > length:
            raise ValueError(f"longer than {length}")
        return value

    return read
