"""A wish to call somebody, before anything is written of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linecard.calls import Machine
from linecard.errors import InvalidField, UnsupportedByProvider

if TYPE_CHECKING:
    from linecard.carrier import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """Whom to call from which registered number. Seconds; `agent`, `record` and `max_seconds`
    default to the number's.

    `voicemail` is the message for an answering machine, as `exchange.voicemail` reads it.
    `paced`: refused above the calls a second that the carrier gives an account, where others are queued there.
    `enhance` empty: the number's own; None: nothing takes the noise out.
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
    voicemail: Mapping[str, object] = field(default_factory=dict)
    notify: str | None = ""
    enhance: str | None = ""
    paced: bool = False
    key: str | None = None
    body_hash: str = ""


def check_machine(provider: str, facts: Facts, wish: DialRequest) -> None:
    """Raise UnsupportedByProvider or InvalidField for a detection that the carrier cannot do."""
    if wish.machine is not Machine.OFF and wish.machine not in facts.machine_detection:
        raise UnsupportedByProvider(provider, f"machine={wish.machine}")
    if wish.voicemail and wish.machine is Machine.OFF:
        raise InvalidField("voicemail", "needs machine: detect or wait-for-beep")


def check_digits(provider: str, facts: Facts, wish: DialRequest) -> None:
    """Raise UnsupportedByProvider or InvalidField for keys that the carrier cannot press at the answer."""
    if not wish.send_digits:
        return
    if not facts.most_digits:
        raise UnsupportedByProvider(provider, "send_digits")
    if len(wish.send_digits) > facts.most_digits:
        raise InvalidField("send_digits", f"at most {facts.most_digits} with this carrier")
    if wish.machine is not Machine.OFF and not facts.machine_with_digits:
        raise InvalidField(
            "send_digits",
            "this carrier detects no machine where digits are sent; leave one out",
        )
