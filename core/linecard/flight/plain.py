"""Values of the contract as JSON can hold them: what hooks take and return, events, verbs, errors."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from linecard.calls import Call
from linecard.events import CarrierEvent, StreamEvent
from linecard.media.formats import StreamProfile
from linecard.numbers import Cleared
from linecard.settings import Secret
from linecard.verbs import Verb

ERROR_FACTS = ("message", "status", "code", "retry_after", "reason", "field", "hook", "profile")
CALL_FACTS = ("id", "status", "carrier_ids", "profile", "direction")


def plain(value: Any) -> Any:
    """A value as JSON holds it. A secret is three stars; what can be called is left out."""
    for kind, written in WRITTEN:
        if isinstance(value, kind):
            return written(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    return None if callable(value) else str(value)


def error(raised: BaseException) -> dict[str, Any]:
    """An error with what our own carry."""
    facts = {name: getattr(raised, name, None) for name in ERROR_FACTS}
    said = {name: plain(value) for name, value in facts.items() if value not in (None, "")}
    return {"type": type(raised).__name__, "message": str(raised)} | said


def _same(value: Any) -> Any:
    return value


def _fields(value: Any) -> dict[str, Any]:
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: plain(one) for name, one in found.items() if not callable(one)}


def _call(call: Call) -> dict[str, Any]:
    return {name: plain(getattr(call, name)) for name in CALL_FACTS}


def _named(kind: str) -> Callable[[Any], dict[str, Any]]:
    def written(value: Any) -> dict[str, Any]:
        return {kind: type(value).__name__} | _fields(value)

    return written


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): plain(one) for name, one in value.items()}


def _several(value: Any) -> list[Any]:
    items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
    return [plain(one) for one in items]


WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda value: str(value.value)),
    ((type(None), bool, int, float, str), _same),
    (Secret, str),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (datetime, datetime.isoformat),
    (Call, _call),
    (StreamProfile, lambda profile: profile.name),
    (Cleared, lambda cleared: cleared.address),
    ((CarrierEvent, StreamEvent), _named("event")),
    (Verb, _named("verb")),
    (Mapping, _mapping),
    ((list, tuple, set, frozenset), _several),
)
