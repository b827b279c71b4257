"""The bodies of StatusCallback: multipart as captured, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linecard import Pairs


def as_pairs(facts: Mapping[str, Any]) -> Pairs:
    """Facts as form fields; lists in brackets, `Legs[0][Status]`, which no page shows (unverified)."""
    return tuple(pair for name, value in facts.items() for pair in _flat(name, value))


def _flat(name: str, value: Any) -> Pairs:
    if isinstance(value, list):
        return tuple(
            (f"{name}[{place}][{key}]", _text(inner))
            for place, one in enumerate(value)
            for key, inner in one.items()
        )
    return ((name, _text(value)),)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def as_json(facts: Mapping[str, Any]) -> tuple[bytes, str]:
    """Facts as a JSON body, and its content type."""
    return json.dumps(facts).encode(), "application/json"


def as_multipart(fields: Pairs, boundary: str) -> tuple[bytes, str]:
    """Fields as a multipart body, and its content type."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"])
    return body.encode(), f"multipart/form-data; boundary={boundary}"
