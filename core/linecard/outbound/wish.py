"""A wish to call somebody, before anything is written of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from linecard.calls import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """Whom to call from which registered number. Seconds; `agent`, `record` and `max_seconds`
    default to the number's.

    `notify` empty: the number's own; None: nobody is notified. `key` and `body_hash` make a repeat of the wish harmless.
    """

    from_: str
    to: str
    agent: str | None = None
    record: bool | None = None
    machine: Machine = Machine.OFF
    ring_seconds: int = 45
    max_seconds: int | None = None
    send_digits: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    notify: str | None = ""
    key: str | None = None
    body_hash: str = ""
