"""Errors on their way between processes: those of Linecard's tree arrive as what they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from linecard import errors
from linecard.errors import LinecardError

PLAIN = (str, int, float, bool, type(None))
LONGEST_TEXT = 1000


class Fault(msgspec.Struct, frozen=True):
    """An error on its way: its kind, its text, and what it says of itself."""

    kind: str
    text: str
    facts: dict[str, str | int | float | bool | None]


def as_fault(error: Exception) -> dict[str, object]:
    """An error as data: its kind, its text, and what it says of itself."""
    facts = {name: value for name, value in vars(error).items() if isinstance(value, PLAIN)}
    kind = type(error).__name__ if isinstance(error, LinecardError) else "LinecardError"
    return {
        "kind": kind,
        "text": (str(error) or type(error).__name__)[:LONGEST_TEXT],
        "facts": facts,
    }


def as_error(fault: Mapping[str, Any]) -> LinecardError:
    """The error again; one of a kind that is not known here is a plain LinecardError.

    Raises msgspec.ValidationError for what is no error.
    """
    given = msgspec.convert(fault, Fault)
    kind, text = KINDS.get(given.kind, LinecardError), given.text[:LONGEST_TEXT]
    error = kind.__new__(kind, text)
    error.args = (text,)
    for name, value in given.facts.items():
        if not name.startswith("_") and name != "args":
            setattr(error, name, value[:LONGEST_TEXT] if isinstance(value, str) else value)
    return error


def _kinds(of: type[LinecardError]) -> Iterator[type[LinecardError]]:
    yield of
    for kind in of.__subclasses__():
        yield from _kinds(kind)


KINDS: Mapping[str, type[LinecardError]] = {
    kind.__name__: kind for kind in _kinds(LinecardError) if kind.__module__ == errors.__name__
}
