"""Errors on their way between processes: those of Linecard's tree arrive as what they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linecard import errors
from linecard.errors import LinecardError

PLAIN = (str, int, float, bool, type(None))


def as_fault(error: Exception) -> dict[str, object]:
    """An error as data: its kind, its text, and what it says of itself."""
    facts = {name: value for name, value in vars(error).items() if isinstance(value, PLAIN)}
    kind = type(error).__name__ if isinstance(error, LinecardError) else "LinecardError"
    return {"kind": kind, "text": str(error) or type(error).__name__, "facts": facts}


def as_error(fault: Mapping[str, Any]) -> LinecardError:
    """The error again; one of a kind that is not known here is a plain LinecardError."""
    kind = KINDS.get(fault["kind"], LinecardError)
    error = kind.__new__(kind, fault["text"])
    error.args = (fault["text"],)
    for name, value in fault["facts"].items():
        setattr(error, name, value)
    return error


def _kinds(of: type[LinecardError]) -> Iterator[type[LinecardError]]:
    yield of
    for kind in of.__subclasses__():
        yield from _kinds(kind)


KINDS: Mapping[str, type[LinecardError]] = {
    kind.__name__: kind for kind in _kinds(LinecardError) if kind.__module__ == errors.__name__
}
