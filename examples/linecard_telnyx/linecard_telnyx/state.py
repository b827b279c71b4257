"""`client_state`: what we give Telnyx with a command, and get back with every webhook of that leg."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

from linecard import CALLER

_OURS = re.compile(r"([0-9a-zA-Z_-]{1,64})(?: (target:[0-9]))?")


@dataclass(frozen=True, slots=True)
class State:
    """Our call, and which of its legs."""

    call: str | None = None
    leg: str = CALLER


def write_state(call: str, target: str = "") -> str:
    """The state of the caller's leg, or of a target's (`target:1`)."""
    return b64encode(f"{call} {target}".strip().encode()).decode()


def read_state(text: object) -> State:
    """What stands in a webhook; nothing where it is not ours."""
    if not isinstance(text, str):
        return State()
    try:
        found = _OURS.fullmatch(b64decode(text, validate=True).decode("ascii"))
    except ValueError:
        return State()
    return State(found[1], found[2] or CALLER) if found else State()
