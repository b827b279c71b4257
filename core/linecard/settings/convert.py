"""From what was written to typed values. Every function raises ValueError that says what to write."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Union, get_args, get_origin

from linecard.settings.secret import Secret

_TRUTH = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def as_text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value.strip()


def as_secret(value: Any) -> Secret:
    """A secret; a comma list holds several live values."""
    secret = Secret(as_text(value))
    if not secret.values():
        raise ValueError("must hold a secret")
    return secret


def as_bool(value: Any) -> bool:
    """`true` or `false`."""
    if isinstance(value, bool):
        return value
    truth = _TRUTH.get(value.strip().lower()) if isinstance(value, str) else None
    if truth is None:
        raise ValueError("must be true or false")
    return truth


def as_int(value: Any) -> int:
    """A whole number."""
    return int(_number(value, int, "must be a whole number"))


def as_float(value: Any) -> float:
    """A number."""
    return _number(value, float, "must be a number")


def _number(value: Any, kind: type[int] | type[float], complaint: str) -> float:
    if isinstance(value, int | kind | str) and not isinstance(value, bool):
        with suppress(ValueError):
            return kind(value)
    raise ValueError(complaint)


def as_texts(value: Any) -> tuple[str, ...]:
    """A comma list, or a list in TOML."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a list, separated by commas")
    return tuple(part.strip() for part in parts if part.strip())


_CONVERTERS: Mapping[Any, Callable[[Any], Any]] = {
    str: as_text,
    Secret: as_secret,
    bool: as_bool,
    int: as_int,
    float: as_float,
    tuple[str, ...]: as_texts,
}


def converter(annotation: Any) -> Callable[[Any], Any]:
    """The converter for a field's type, `X | None` included. Raises TypeError for types we cannot fill."""
    if get_origin(annotation) in (Union, types.UnionType):
        wanted = [part for part in get_args(annotation) if part is not type(None)]
        annotation = wanted[0] if len(wanted) == 1 else annotation
    if annotation not in _CONVERTERS:
        raise TypeError(f"settings cannot fill a field of type {annotation}")
    return _CONVERTERS[annotation]
