"""An account's settings without its secrets: enough to read its media messages, not to ask its carrier anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

import msgspec

from linecard.settings.secret import Secret

Values = TypeVar("Values")
WITHHELD = "withheld"


def openly(values: Any) -> Mapping[str, object]:
    """What is no secret of an account's settings, as data."""
    named = {one.name: getattr(values, one.name) for one in fields(values)}
    shown = {name: value for name, value in named.items() if not isinstance(value, Secret)}
    return {name: msgspec.to_builtins(value) for name, value in shown.items()}


def hollow(kind: type[Values], shown: Mapping[str, object]) -> Values:
    """The settings again, each secret replaced by a word that opens nothing.

    Nothing is checked: that was done where the secrets are.
    """
    made = kind.__new__(kind)
    hints = get_type_hints(kind)
    for one in fields(kind):  # type: ignore[arg-type]
        known = one.name in shown
        value = msgspec.convert(shown[one.name], hints[one.name]) if known else Secret(WITHHELD)
        object.__setattr__(made, one.name, value)
    return made
